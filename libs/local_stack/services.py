"""Our own processes: `python -m services.NAME`, each with its environment."""

import os
import sys
from collections.abc import Mapping

from libs.local_stack.kafka import bootstrap
from libs.local_stack.mariadb import database_environment
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import HOST
from libs.local_stack.programs import Program
from libs.local_stack.settings import Ports, StackSettings

SERVICES = (
    "run_discovery",
    "job_dispatcher",
    "frame_processor",
    "stats_aggregator",
    "database_sink",
    "live_view",
    "external_adapter",
)
# What a service does not need it does not get.
ACCOUNT_OF: Mapping[str, str] = {
    "job_dispatcher": "editor",
    "database_sink": "writer",
    "live_view": "reader",
}
PRIORITY = 30


def service_program(
    name: str, paths: StackPaths, ports: Ports, settings: StackSettings, extra: Mapping[str, str]
) -> Program:
    """One service's process; it starts only when topics and tables exist."""
    environment = service_environment(name, paths, ports, settings) | dict(extra)
    return Program(
        name=name,
        command=(sys.executable, "-m", f"services.{name}"),
        environment=environment,
        priority=PRIORITY,
        autostart=False,
    )


def service_environment(
    name: str, paths: StackPaths, ports: Ports, settings: StackSettings
) -> dict[str, str]:
    """Everything that one service reads from its environment."""
    common = {
        "STILLSTREAM_KAFKA__BOOTSTRAP": bootstrap(ports),
        "STILLSTREAM_METRICS__HOST": HOST,
        "STILLSTREAM_METRICS__PORT": str(ports.metrics.model_dump()[name]),
        "STILLSTREAM_LOG__LEVEL": settings.log.level,
        "STILLSTREAM_LOG__FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }
    account = ACCOUNT_OF.get(name)
    database = database_environment(paths, ports, account) if account else {}
    return common | database | _own(name, paths, ports, settings)


def _own(name: str, paths: StackPaths, ports: Ports, settings: StackSettings) -> dict[str, str]:
    match name:
        case "run_discovery":
            return {"STILLSTREAM_SOURCES_FILE": str(paths.sources_file)}
        case "external_adapter":
            return {"STILLSTREAM_SOURCES_FILE": str(paths.external_file)}
        case "job_dispatcher":
            return {"STILLSTREAM_SAMPLING__ENABLED": str(settings.processing.sampling).lower()}
        case "frame_processor":
            workers = settings.processing.workers or os.cpu_count() or 1
            return {
                "STILLSTREAM_WORKERS": str(workers),
                "STILLSTREAM_ARCHIVE_FOLDER": str(paths.archive),
            }
        case "live_view":
            return {
                "STILLSTREAM_HTTP__HOST": HOST,
                "STILLSTREAM_HTTP__PORT": str(ports.live_view),
                "STILLSTREAM_ASSETS_FOLDER": str(paths.assets),
            }
        case _:
            return {}
