"""Calls in order of their rank; errors and cancelled calls as with any executor."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from services.frame_processor.ranked_threads import RankedThreads


@contextmanager
def busy(threads: RankedThreads) -> Iterator[None]:
    """The only thread works until the end of the block."""
    begun, go = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(240)

    threads.at(5).submit(work)
    assert begun.wait(240)
    yield
    go.set()


def test_urgent_calls_go_first_and_equal_ones_in_order() -> None:
    done: list[str] = []
    with RankedThreads(1, "test") as threads:
        with busy(threads):
            futures = [
                threads.at(rank).submit(done.append, f"{rank}{name}")
                for rank, name in ((1, "a"), (0, "a"), (1, "b"), (0, "b"))
            ]
        for future in futures:
            future.result(240)
    assert done == ["0a", "0b", "1a", "1b"]


def test_an_error_reaches_whoever_asked_and_costs_no_thread() -> None:
    with RankedThreads(1, "test") as threads:
        with pytest.raises(ZeroDivisionError):
            threads.at(0).submit(lambda: 1 // 0).result(240)
        assert threads.at(0).submit(lambda: 7).result(240) == 7


def test_a_cancelled_call_is_never_made() -> None:
    done: list[int] = []
    with RankedThreads(1, "test") as threads:
        with busy(threads):
            cancelled: Future[None] = threads.at(0).submit(done.append, 1)
            assert cancelled.cancel()
            last = threads.at(0).submit(done.append, 2)
        last.result(240)
    assert done == [2]


def test_the_threads_end_with_the_block() -> None:
    def names() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name.startswith("ending")]

    with RankedThreads(3, "ending") as threads:
        last = [threads.at(0).submit(threading.current_thread) for _ in range(3)]
        assert len(names()) == 3
    mine = {future.result(240) for future in last}
    for thread in mine:
        thread.join(240)
        assert not thread.is_alive()
