"""Grafana, where somebody installed it: provisioned from deploy/grafana, read-only for visitors."""

import shutil
from pathlib import Path

from libs.local_stack.files import ensure_password
from libs.local_stack.mariadb import DATABASE
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import HOST
from libs.local_stack.programs import Program
from libs.local_stack.prometheus import prometheus_url
from libs.local_stack.settings import Ports

HOME_FOLDERS = ("/usr/share/grafana", "/usr/local/share/grafana")


def grafana_program(paths: StackPaths, ports: Ports) -> Program | None:
    """Its process, or None where it is not installed."""
    executable = shutil.which("grafana-server")
    home = next((h for h in HOME_FOLDERS if Path(h).exists()), None)
    if executable is None or home is None:
        return None
    return Program(
        name="grafana",
        command=(executable, f"--homepath={home}"),
        environment=_environment(paths, ports),
        priority=20,
    )


def _environment(paths: StackPaths, ports: Ports) -> dict[str, str]:
    deploy = paths.root / "deploy/grafana"
    return {
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(ports.grafana),
        "GF_PATHS_DATA": str(paths.grafana / "data"),
        "GF_PATHS_LOGS": str(paths.logs),
        "GF_PATHS_PROVISIONING": str(deploy / "provisioning"),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_DASHBOARDS_MIN_REFRESH_INTERVAL": "1s",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_SECURITY_ADMIN_PASSWORD": ensure_password(paths.secrets / "grafana"),
        "STILLSTREAM_DASHBOARDS": str(deploy / "dashboards"),
        "STILLSTREAM_PROMETHEUS_URL": prometheus_url(ports),
        "STILLSTREAM_DATABASE_ADDRESS": f"{HOST}:{ports.mariadb}",
        "STILLSTREAM_DATABASE_NAME": DATABASE,
        "STILLSTREAM_DATABASE_PASSWORD": f"$__file{{{paths.secrets / 'reader'}}}",
    }
