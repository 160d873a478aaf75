"""The stack on one machine, for `stillstream up` and for tests: see LocalStack."""

from libs.local_stack.errors import LocalStackError, NotInstalledError, NotReadyError, SettingsError
from libs.local_stack.paths import ROOT, StackPaths
from libs.local_stack.services import SERVICES
from libs.local_stack.settings import Memory, MetricsPorts, Ports, StackSettings, load_settings
from libs.local_stack.stack import INFRASTRUCTURE, LocalStack
from libs.local_stack.supervisor import ProcessState

__all__ = [
    "INFRASTRUCTURE",
    "ROOT",
    "SERVICES",
    "LocalStack",
    "LocalStackError",
    "Memory",
    "MetricsPorts",
    "NotInstalledError",
    "NotReadyError",
    "Ports",
    "ProcessState",
    "SettingsError",
    "StackPaths",
    "StackSettings",
    "load_settings",
]
