"""Waits until processes can work; says why when one cannot."""

from collections.abc import Callable, Mapping

from libs.local_stack.errors import NotReadyError
from libs.local_stack.paths import StackPaths
from libs.local_stack.ports import HOST
from libs.local_stack.probes import kafka_answers, mariadb_answers, page, service_works
from libs.local_stack.prometheus import prometheus_url
from libs.local_stack.settings import Ports
from libs.local_stack.supervisor import Supervisor
from libs.local_stack.supervisor_file import log_file
from libs.local_stack.waiting import wait_until

LOG_LINES = 15
Probe = Callable[[], bool]


def infrastructure_probes(paths: StackPaths, ports: Ports) -> Mapping[str, Probe]:
    """How each process that is not ours shows that it works."""
    return {
        "kafka": lambda: kafka_answers(ports.kafka),
        "mariadb": lambda: mariadb_answers(ports.mariadb, "owner", paths.secrets / "owner"),
        "prometheus": lambda: page(f"{prometheus_url(ports)}/-/ready") is not None,
        "grafana": lambda: page(f"http://{HOST}:{ports.grafana}/api/health") is not None,
    }


def service_probe(name: str, ports: Ports) -> Probe:
    """How one of our services shows that it works."""
    port: int = ports.metrics.model_dump()[name]
    return lambda: service_works(name, port)


def wait_for(
    name: str, probe: Probe, supervisor: Supervisor, paths: StackPaths, timeout_s: float
) -> None:
    """Wait for one process; raises NotReadyError early when the supervisor gave it up."""

    def settled() -> bool:
        return supervisor.states()[name].state == "fatal" or probe()

    if wait_until(settled, timeout_s) and supervisor.states()[name].state != "fatal":
        return
    raise NotReadyError(
        f"{name} is {supervisor.states()[name].state} and does not answer after {timeout_s:.0f} s; "
        f"the end of {log_file(paths, name)}:\n{tail(paths, name)}"
    )


def tail(paths: StackPaths, name: str, lines: int = LOG_LINES) -> str:
    """The end of a process's log."""
    try:
        text = log_file(paths, name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])
