"""A few threads that take the most urgent call first, and the oldest of equally urgent ones.

They only wait for worker processes; a call that has begun is not interrupted.
"""

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LAST = 1 << 30
Entry = tuple[int, int, Callable[[], bool]]
"""Rank, number, and the call, which says whether the thread goes on."""


class RankedThreads:
    """`at(rank)` is an executor; rank 0 goes first."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._waiting: queue.PriorityQueue[Entry] = queue.PriorityQueue()
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        for number in range(self._size):
            threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Threads end once what was submitted, and not cancelled, is done; nobody waits for it."""
        for _ in range(self._size):
            self.put(LAST, lambda: False)

    def at(self, rank: int) -> Executor:
        """For calls of this rank."""
        return _Ranked(self, rank)

    def put(self, rank: int, call: Callable[[], bool]) -> None:
        """One more call."""
        self._waiting.put((rank, next(self._numbers), call))

    def _work(self) -> None:
        while self._waiting.get()[2]():
            pass


class _Ranked(Executor):
    def __init__(self, threads: RankedThreads, rank: int) -> None:
        self._threads, self._rank = threads, rank

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def call() -> bool:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - handed to whoever asked
                    future.set_exception(error)
            return True

        self._threads.put(self._rank, call)
        return future
