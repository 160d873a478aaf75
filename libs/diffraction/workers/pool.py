"""A pool of workers, forked from a server process that has imported DIALS once.

Blocking calls for threads that only wait: `run` takes an idle worker, asks it, replaces it when it
died or grew. A worker that somebody else killed costs nothing: the task is given to another one.
"""

import multiprocessing
import queue
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from libs.diffraction.errors import DiffractionError
from libs.diffraction.workers.child import Handler
from libs.diffraction.workers.limits import Limits
from libs.diffraction.workers.outcomes import Crashed, Ended
from libs.diffraction.workers.worker import Worker

MAX_RESIDENT_BYTES = 2_500_000_000
TRIES = 3
OWN_GROUP = "libs.diffraction.workers.own_group"


class PoolClosedError(DiffractionError):
    """The pool was closed while the task ran, or before."""


@dataclass(kw_only=True)
class PoolStatistics:
    """Counts for the metrics."""

    alive: int = 0
    replaced: int = 0


class WorkerPool:
    """`n_workers` processes; give it a picklable function that makes a worker's handler."""

    def __init__(
        self,
        n_workers: int,
        make_handler: Callable[[], Handler],
        *,
        preload: tuple[str, ...] = (),
        max_resident_bytes: int = MAX_RESIDENT_BYTES,
    ) -> None:
        self.size = n_workers
        self.statistics = PoolStatistics()
        self._make_handler, self._max_resident_bytes = make_handler, max_resident_bytes
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([OWN_GROUP, *preload])
        self._idle: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        self._all: set[Worker] = set()
        self._closed = False

    def __enter__(self) -> Self:
        for _ in range(self.size):
            self._idle.put(None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, task: Any, limits: Limits) -> Ended:
        """Do one task on one worker; raises WorkerStartError when none can be started."""
        for attempt in range(TRIES):
            worker = self._take()
            ended = worker.ask(task, limits)
            self._give_back(worker)
            if self._closed:
                raise PoolClosedError("the worker pool is closed")
            last = attempt == TRIES - 1
            if last or not (isinstance(ended, Crashed) and worker.killed_from_outside):
                return ended
        raise AssertionError("the last try always returns")

    def close(self) -> None:
        """End all workers now; tasks in flight are lost to their callers."""
        self._closed = True
        for worker in list(self._all):
            worker.kill()
        self._all.clear()

    def _take(self) -> Worker:
        worker = self._idle.get()
        try:
            if self._closed:
                raise PoolClosedError("the worker pool is closed")
            return worker or self._start()
        except BaseException:
            self._idle.put(None)
            raise

    def _start(self) -> Worker:
        worker = Worker(self._context, self._make_handler)
        if self._closed:
            worker.kill()
            raise PoolClosedError("the worker pool is closed")
        self._all.add(worker)
        self.statistics.alive = len(self._all)
        return worker

    def _give_back(self, worker: Worker) -> None:
        if worker.alive and worker.resident_bytes <= self._max_resident_bytes:
            self._idle.put(worker)
            return
        worker.kill()
        self._all.discard(worker)
        self.statistics.alive = len(self._all)
        self.statistics.replaced += 1
        self._idle.put(None)
