"""Looks into HDF5 files in a process of their own, because a damaged one can crash or hang HDF5.

The process ends itself by timer: after some seconds of CPU time, or of waiting. Whoever asked then
learns that this file cannot be read, and the next question starts a new process.
"""

import multiprocessing
import signal
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from services.run_discovery.hdf5_files import FramesInFile, UnreadableFileError, look_into

CPU_LIMIT_S = 5.0
WALL_LIMIT_S = 30.0


class ReaderDiedError(UnreadableFileError):
    """Reading the file killed the process that read it."""


class ReaderProcess:
    """One process, started at the first question; not for several threads at once."""

    def __init__(
        self, *, cpu_limit_s: float = CPU_LIMIT_S, wall_limit_s: float = WALL_LIMIT_S
    ) -> None:
        self._limits = cpu_limit_s, wall_limit_s
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def look_into(self, path: Path, *, time_zone: str) -> FramesInFile:
        """As `hdf5_files.look_into`; raises ReaderDiedError as well."""
        pipe = self._pipe or self._start()
        try:
            pipe.send((path, time_zone))
            answer: FramesInFile | UnreadableFileError = pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise ReaderDiedError(
                f"{path}: HDF5 crashed, or did not return within {self._limits[0]:g} s of CPU time"
            ) from error
        if isinstance(answer, UnreadableFileError):
            raise answer
        return answer

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _start(self) -> Connection:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, *self._limits), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe = ours
        return ours


def _serve(pipe: Connection, cpu_limit_s: float, wall_limit_s: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, which then ends us
    while True:
        try:
            path, time_zone = pipe.recv()
        except EOFError:
            return
        _set_timers(cpu_limit_s, wall_limit_s)
        pipe.send(_answer(path, time_zone))
        _set_timers(0.0, 0.0)


def _answer(path: Path, time_zone: str) -> FramesInFile | UnreadableFileError:
    try:
        return look_into(path, time_zone=time_zone)
    except UnreadableFileError as error:
        return error


def _set_timers(cpu_s: float, wall_s: float) -> None:
    """Their signals end a process that does not handle them, native code or not."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    signal.setitimer(signal.ITIMER_REAL, wall_s)
