"""Prometheus: its configuration folder (copied from deploy/), its targets, the command."""

import json
import shutil
from collections.abc import Iterable

from libs.local_stack.errors import NotInstalledError
from libs.local_stack.files import write
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import HOST
from libs.local_stack.programs import Program
from libs.local_stack.settings import Ports

RETENTION = "30d"


def prepare_prometheus(paths: StackPaths, ports: Ports, services: Iterable[str]) -> None:
    """Copy configuration and rules, write the targets."""
    deploy = paths.root / "deploy/prometheus"
    write(paths.prometheus / "prometheus.yml", (deploy / "prometheus.yml").read_text("utf-8"))
    for rules in sorted((deploy / "rules").glob("*.yml")):
        write(paths.prometheus / "rules" / rules.name, rules.read_text("utf-8"))
    targets = json.dumps(_targets(ports, services), indent=2)
    write(paths.prometheus / "targets/services.json", targets + "\n")


def prometheus_program(paths: StackPaths, ports: Ports) -> Program:
    """The server's process."""
    executable = shutil.which("prometheus")
    if executable is None:
        raise NotInstalledError("prometheus is not installed: run `make setup`")
    options = (
        f"--config.file={paths.prometheus / 'prometheus.yml'}",
        f"--storage.tsdb.path={paths.prometheus / 'data'}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address={HOST}:{ports.prometheus}",
        "--log.level=warn",
    )
    return Program(name="prometheus", command=(executable, *options), priority=20)


def prometheus_url(ports: Ports) -> str:
    """Where it answers."""
    return f"http://{HOST}:{ports.prometheus}"


def _targets(ports: Ports, services: Iterable[str]) -> list[dict[str, object]]:
    metrics = ports.metrics.model_dump()
    return [
        {"targets": [f"{HOST}:{metrics[name]}"], "labels": {"process": name}} for name in services
    ]
