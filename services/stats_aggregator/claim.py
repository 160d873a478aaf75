"""One process for each name on a machine: a second one waits until the first is gone.

Two members of a consumer group under one name throw each other out in turns, for ever. A lock on a
file, which the kernel drops with its process however that ends, keeps the second one out of the
group. Processes on different machines cannot be seen from here.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import structlog
from prometheus_client import Gauge

LOG = structlog.get_logger(__name__)
LOOK_EVERY_S, SAY_EVERY_S = 0.5, 60.0
INSTANCE_TAKEN = Gauge(
    "stillstream_instance_taken",
    "1 while the service waits because another process runs under its name",
    ["service"],
)


class Claim:
    """The right to a name at one broker, held as long as this object and its process live."""

    def __init__(self, service: str, name: str, bootstrap: str, folder: Path | None = None) -> None:
        self._service, self._name = service, name
        key = hashlib.sha256(f"{service} {name} {bootstrap}".encode()).hexdigest()[:16]
        self._path = (folder or Path(tempfile.gettempdir())) / f"stillstream-{key}.lock"
        self._file: IO[str] | None = None

    def wait(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Return when the name is ours; says every minute who has it."""
        waited_s, since_said_s = 0.0, SAY_EVERY_S
        while (holder := self.holder()) is not None:
            INSTANCE_TAKEN.labels(self._service).set(1)
            if since_said_s >= SAY_EVERY_S:
                since_said_s = 0.0
                LOG.error(
                    "instance_taken",
                    instance=self._name,
                    taken_by=holder,
                    waiting=_this_process(),
                    waited_s=round(waited_s),
                    action="give each process its own STILLSTREAM_INSTANCE, or stop the other one",
                )
            sleep(LOOK_EVERY_S)
            waited_s, since_said_s = waited_s + LOOK_EVERY_S, since_said_s + LOOK_EVERY_S
        INSTANCE_TAKEN.labels(self._service).set(0)
        LOG.info("instance_claimed", instance=self._name, waited_s=round(waited_s))

    def holder(self) -> str | None:
        """Take the name; if another process has it, tell which one instead."""
        try:
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            LOG.warning("instance_not_claimed", path=str(self._path), error=str(error))
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with file:
                file.seek(0)
                return file.read().strip() or "a process that is just starting"
        file.truncate(0)
        file.write(_this_process())
        file.flush()
        self._file = file
        return None

    def release(self) -> None:
        """Let others have the name; the end of the process does the same."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _this_process() -> str:
    return f"pid {os.getpid()} on {os.uname().nodename}"
