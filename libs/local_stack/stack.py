"""One whole stack on this machine: Kafka, MariaDB, Prometheus, our services, one supervisor.

Everything lies below one folder, so several stacks run side by side. Knows nothing of what the
services do; topics and tables are made by their own commands.
"""

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from libs.local_stack.errors import LocalStackError, NotReadyError
from libs.local_stack.kafka import bootstrap
from libs.local_stack.mariadb import database_environment
from libs.local_stack.paths import ROOT, StackPaths
from libs.local_stack.plan import Plan, prepare
from libs.local_stack.ports import HOST, moved, read_ports
from libs.local_stack.prometheus import prometheus_url
from libs.local_stack.readiness import infrastructure_probes, service_probe, wait_for
from libs.local_stack.schema import make_topics, migrate
from libs.local_stack.services import SERVICES
from libs.local_stack.settings import Ports, StackSettings, load_settings
from libs.local_stack.supervisor import (
    ProcessState,
    Supervisor,
    start_bound_supervisor,
    start_supervisor,
)
from libs.local_stack.supervisor_file import log_file
from libs.local_stack.waiting import wait_until

INFRASTRUCTURE = ("kafka", "mariadb", "prometheus", "grafana")
READY_S = 240.0
DOWN_S = 120.0
Report = Callable[[str], None]


class LocalStack:
    """A stack below `var`; nothing happens before `up`."""

    def __init__(
        self,
        var: Path = ROOT / "var",
        *,
        settings: StackSettings | None = None,
        services: Sequence[str] = SERVICES,
        infrastructure: Sequence[str] = INFRASTRUCTURE,
        environment: Mapping[str, Mapping[str, str]] | None = None,
        bound: bool = False,
        report: Report = lambda _: None,
    ) -> None:
        """`environment` adds variables to single services; a `bound` stack ends with the caller."""
        self.paths = StackPaths(var=var.resolve())
        self.settings = settings or load_settings(self.paths.settings_file)
        self.plan = Plan(
            paths=self.paths,
            settings=self.settings,
            services=tuple(services),
            infrastructure=tuple(infrastructure),
            environment=environment or {},
        )
        self._bound = bound
        self._report = report
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def supervisor(self) -> Supervisor:
        """The running supervisor, to ask or to tell."""
        return Supervisor(self.paths.sockets / "supervisor.sock")

    @property
    def ports(self) -> Ports:
        """The ports in use; raises LocalStackError before the first `up`."""
        return read_ports(self.paths.ports_file)

    @property
    def running(self) -> bool:
        """Whether the supervisor answers."""
        return self.supervisor.answers()

    def up(self, timeout_s: float = READY_S) -> None:
        """Start what does not run and wait until all of it works; raises LocalStackError."""
        self.paths.make_folders()
        with self._alone():
            if not self.running:
                self._prepare()
                self._start_supervisor()
            self._make_ready(timeout_s)

    def down(self, timeout_s: float = DOWN_S) -> None:
        """Stop services, then infrastructure, then the supervisor; nothing running is fine."""
        if not self.running:
            return
        names = self.supervisor.states()
        for name in (n for n in SERVICES if n in names):
            self.supervisor.stop(name, wait=False)
        self.supervisor.shutdown()
        if not wait_until(lambda: not self._alive(), timeout_s):
            raise NotReadyError(f"the stack did not stop within {timeout_s:.0f} s: see its logs")
        if self._child is not None:
            self._child.wait()
            self._child = None

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until every process works; raises NotReadyError."""
        ports = self.ports
        probes = dict(infrastructure_probes(self.paths, ports))
        probes |= {name: service_probe(name, ports) for name in self.plan.services}
        for name in self.supervisor.states():
            wait_for(name, probes[name], self.supervisor, self.paths, timeout_s)

    def states(self) -> dict[str, ProcessState]:
        """All processes by name."""
        return self.supervisor.states()

    def pid(self, name: str) -> int:
        """A process's number; raises LocalStackError while it does not run."""
        state = self._state(name)
        if not state.pid:
            raise LocalStackError(f"{name} has no process now: it is {state.state}")
        return state.pid

    def kill(self, name: str) -> int:
        """SIGKILL a process, as a crash would; gives the number that it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self, name: str) -> None:
        """Stop one process and leave it stopped."""
        self.supervisor.stop(name)

    def start(self, name: str) -> None:
        """Start one process that was stopped; does not wait until it works."""
        self.supervisor.start(name)

    def log(self, name: str) -> Path:
        """A process's log file."""
        return log_file(self.paths, name)

    def env(self, account: str = "reader") -> dict[str, str]:
        """Variables with which a child process finds this stack, by one database account."""
        ports = self.ports
        return {
            "STILLSTREAM_KAFKA__BOOTSTRAP": bootstrap(ports),
            **database_environment(self.paths, ports, account),
        }

    def addresses(self) -> dict[str, str]:
        """What a person may want to open or connect to."""
        ports = self.ports
        known = {
            "live_view": ("page", f"http://{HOST}:{ports.live_view}/"),
            "grafana": ("grafana", f"http://{HOST}:{ports.grafana}/"),
            "prometheus": ("prometheus", f"{prometheus_url(ports)}/"),
            "kafka": ("kafka", bootstrap(ports)),
            "mariadb": ("mariadb", f"{HOST}:{ports.mariadb}"),
        }
        names = self.supervisor.states()
        return dict(address for name, address in known.items() if name in names)

    def _prepare(self) -> None:
        ports = prepare(self.plan)
        for name, (wanted, given) in moved(self.settings.ports, ports).items():
            self._report(f"port {wanted} of {name} is taken: using {given}")

    def _start_supervisor(self) -> None:
        if self._bound:
            self._child = start_bound_supervisor(self.paths)
        else:
            start_supervisor(self.paths)
        if not wait_until(self.supervisor.answers, READY_S):
            raise NotReadyError(f"the supervisor does not answer: see {self.paths.logs}")

    def _make_ready(self, timeout_s: float) -> None:
        ports = self.ports
        names = self.supervisor.states()
        probes = infrastructure_probes(self.paths, ports)
        present = [name for name in self.plan.infrastructure if name in names]
        for name in present:
            self.supervisor.start(name)
        after = {"kafka": make_topics, "mariadb": migrate}

        def bring_up(name: str) -> None:
            self._wait(name, probes[name], timeout_s)
            if name in after:
                after[name](self.paths, ports)

        self._side_by_side(bring_up, present)
        for name in self.plan.services:
            self.supervisor.start(name)
        self._side_by_side(
            lambda name: self._wait(name, service_probe(name, ports), timeout_s), self.plan.services
        )

    def _side_by_side(self, action: Callable[[str], None], names: Sequence[str]) -> None:
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            list(pool.map(action, names))

    def _wait(self, name: str, probe: Callable[[], bool], timeout_s: float) -> None:
        started = monotonic()
        wait_for(name, probe, self.supervisor, self.paths, timeout_s)
        self._report(f"{name:<17} ready after {monotonic() - started:4.1f} s")

    def _state(self, name: str) -> ProcessState:
        try:
            return self.supervisor.states()[name]
        except KeyError:
            raise LocalStackError(f"this stack has no process {name!r}") from None

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return (self.paths.run / "supervisord.pid").exists()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.paths.run / "up.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
