"""What every service needs around its core: settings, logs, metrics, signals, the run loop."""

from libs.service_kit.logs import configure_logging
from libs.service_kit.run_loop import Steppable, run_service, stop_on_signals, turn_until_stopped
from libs.service_kit.settings import (
    Branch,
    DatabaseSettings,
    KafkaSettings,
    LogSettings,
    MetricsSettings,
    ServiceSettings,
)

__all__ = [
    "Branch",
    "DatabaseSettings",
    "KafkaSettings",
    "LogSettings",
    "MetricsSettings",
    "ServiceSettings",
    "Steppable",
    "configure_logging",
    "run_service",
    "stop_on_signals",
    "turn_until_stopped",
]
