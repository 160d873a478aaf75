"""One worker process as its parent sees it: asked over a pipe, watched while it works."""

import signal
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from libs.diffraction.errors import DiffractionError
from libs.diffraction.workers.child import ANSWER, FAILED, PARTIAL, Handler, serve
from libs.diffraction.workers.limits import Limits, Spent, overdue
from libs.diffraction.workers.outcomes import Answered, Crashed, Ended, TimedOut
from libs.diffraction.workers.process_table import cpu_seconds, queued_seconds, resident_bytes

LOOK_EVERY_S = 0.1
START_S = 600.0
"""After an update the first start compiles kernels: half a minute of CPU, more if it is busy."""


class WorkerStartError(DiffractionError):
    """A worker could not be started at all: the installation is broken, not a frame."""


class Worker:
    """A running process; blocking calls, one thread at a time."""

    def __init__(self, context: Any, make_handler: Any) -> None:
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        self._process: BaseProcess = context.Process(
            target=serve, args=(theirs, make_handler), daemon=True
        )
        self._process.start()
        theirs.close()
        self.pid = self._wait_until_ready()

    def ask(self, task: Any, limits: Limits) -> Ended:
        """Give a task and wait for its end; afterwards the worker may be dead."""
        before = self._spent()
        partial: Any = None
        try:
            self._pipe.send(task)
            while True:
                if self._pipe.poll(LOOK_EVERY_S):
                    kind, value = self._pipe.recv()
                    if kind == ANSWER:
                        return Answered(value=value, worker=self.pid)
                    if kind == FAILED:
                        return Crashed(reason=str(value), partial=partial)
                    partial = value if kind == PARTIAL else partial
                elif reason := overdue(limits, before, self._spent()):
                    self.kill()
                    return TimedOut(reason=reason, partial=partial)
        except (EOFError, OSError):
            return Crashed(reason=self._cause_of_death(), partial=partial)

    @property
    def alive(self) -> bool:
        """Whether it can take another task."""
        return self._process.is_alive()

    @property
    def resident_bytes(self) -> int:
        """Its memory."""
        return resident_bytes(self.pid)

    @property
    def killed_from_outside(self) -> bool:
        """Whether somebody else ended it: no fault of the frame."""
        return self._process.exitcode in (-signal.SIGKILL, -signal.SIGTERM, 255)

    def kill(self) -> None:
        """End the process now, from any thread; a thread that waits in `ask` then returns.

        The pipe closes with the last reference: another thread may still be reading from it.
        """
        self._process.kill()
        self._process.join(10.0)

    def _wait_until_ready(self) -> int:
        try:
            if self._pipe.poll(START_S):
                _, pid = self._pipe.recv()
                return int(pid)
        except (EOFError, OSError):
            pass
        self._process.kill()
        self._process.join(10.0)
        raise WorkerStartError(
            f"a worker process did not start (exit status {self._process.exitcode}); "
            "its standard error above says why"
        )

    def _spent(self) -> Spent:
        return Spent(
            wall_s=time.monotonic(),
            cpu_s=cpu_seconds(self.pid) or 0.0,
            queued_s=queued_seconds(self.pid),
        )

    def _cause_of_death(self) -> str:
        self._process.join(10.0)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"native code crashed ({signal.Signals(-code).name})"
        return f"the worker process ended (exit status {code})"


__all__ = ["Handler", "Worker", "WorkerStartError"]
