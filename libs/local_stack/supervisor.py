"""The supervisor's process, and what one can ask of it while it runs."""

import os
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from libs.local_stack.errors import LocalStackError
from libs.local_stack.paths import StackPaths
from libs.local_stack.supervisor_file import END_WITH_PARENT

START_TIMEOUT_S = 30


@dataclass(frozen=True, kw_only=True)
class ProcessState:
    """One process as the supervisor sees it; `pid` is 0 while there is none."""

    name: str
    state: str
    pid: int
    started_s: int
    exit_status: int


def start_supervisor(paths: StackPaths) -> None:
    """Start it as a daemon of its own; raises LocalStackError."""
    done = subprocess.run(
        [*_command(paths)],
        env=_clean_environment(),
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise LocalStackError(f"the supervisor did not start: {done.stderr.strip()}")


def start_bound_supervisor(paths: StackPaths) -> subprocess.Popen[bytes]:
    """Start it as a child that ends with the calling process, however that ends."""
    return subprocess.Popen(
        [*END_WITH_PARENT, *_command(paths), "--nodaemon", "--silent"],
        env=_clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _command(paths: StackPaths) -> tuple[str, ...]:
    return (sys.executable, "-m", "supervisor.supervisord", "-c", str(paths.supervisor_file))


def _clean_environment() -> Mapping[str, str]:
    """Ours without settings of services: those come from the configuration alone."""
    return {k: v for k, v in os.environ.items() if not k.startswith("STILLSTREAM_")}


class Supervisor:
    """Asks a running supervisor, over its Unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def answers(self) -> bool:
        """Whether there is one that is not on its way out."""
        with suppress(OSError, xmlrpc.client.Error):
            return bool(self._ask("getState")["statename"] == "RUNNING")
        return False

    def states(self) -> dict[str, ProcessState]:
        """All processes by name; raises LocalStackError when the supervisor is away."""
        return {row["name"]: _state(row) for row in self._call("getAllProcessInfo")}

    def start(self, name: str) -> None:
        """Start a process without waiting; one that runs is left alone."""
        self._call("startProcess", name, False, tolerated="ALREADY_STARTED")

    def stop(self, name: str, *, wait: bool = True) -> None:
        """Stop a process; one that does not run is left alone."""
        self._call("stopProcess", name, wait, tolerated="NOT_RUNNING")

    def shutdown(self) -> None:
        """Stop all processes, the last started first, and the supervisor."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: object, tolerated: str | None = None) -> Any:
        try:
            return self._ask(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if tolerated is not None and fault.faultString.startswith(tolerated):
                return None
            raise LocalStackError(
                f"the supervisor refused {method}: {fault.faultString}"
            ) from fault
        except (OSError, xmlrpc.client.Error) as error:
            raise LocalStackError("the stack is not running: `stillstream up` starts it") from error

    def _ask(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)


def _state(row: Mapping[str, Any]) -> ProcessState:
    return ProcessState(
        name=row["name"],
        state=row["statename"].lower(),
        pid=row["pid"],
        started_s=row["start"],
        exit_status=row["exitstatus"],
    )
