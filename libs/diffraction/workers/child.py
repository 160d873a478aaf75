"""The worker's side of the pipe. A worker ends when its parent does, however that dies."""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any, Protocol

PR_SET_PDEATHSIG = 1
READY, PARTIAL, ANSWER, FAILED = "ready", "partial", "answer", "failed"


class Handler(Protocol):
    """What a worker does with a task."""

    def handle(self, task: Any, progress: Callable[[Any], None]) -> Any:
        """The answer; `progress` takes what should survive a crash that may follow."""
        ...


def serve(connection: Connection, make_handler: Callable[[], Handler]) -> None:
    """Answer tasks until the pipe closes."""
    _die_with_parent()
    os.setpgrp()
    _silence_native_code()
    handler = make_handler()
    connection.send((READY, os.getpid()))
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(_answer(handler, task, _teller(connection)))


def _answer(handler: Handler, task: Any, progress: Callable[[Any], None]) -> tuple[str, Any]:
    try:
        return ANSWER, handler.handle(task, progress)
    except Exception as error:  # noqa: BLE001 - the boundary of one task
        traceback.print_exc()
        return FAILED, f"{type(error).__name__}: {error}"[:300]


def _teller(connection: Connection) -> Callable[[Any], None]:
    return lambda partial: connection.send((PARTIAL, partial))


def _die_with_parent() -> None:
    """The fork server is the parent here, and ends when the service does, even in native code.

    It ends once nobody holds its "alive" pipe open, and it gives a copy to each child: without
    closing that, a busy worker would keep the fork server, and thereby itself, alive.
    """
    server: Any = forkserver._forkserver  # noqa: SLF001
    alive = getattr(server, "_forkserver_alive_fd", None)
    if alive is not None:
        os.close(alive)
        server._forkserver_alive_fd = None  # noqa: SLF001
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        sys.exit("the service ended before this worker began")


def _silence_native_code() -> None:
    """Native libraries write to both standard streams; Python's errors keep the real one."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
