"""Real worker processes and what can happen to them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from libs.diffraction.workers import (
    Answered,
    Crashed,
    Limits,
    PoolClosedError,
    TimedOut,
    WorkerPool,
    WorkerStartError,
)
from tests.diffraction.poison import make_poison, never_starts

GENEROUS = Limits(cpu_s=60.0, wall_s=60.0)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(1, make_poison) as made:
        yield made


def pid_of(pool: WorkerPool) -> int:
    ended = pool.run(("pid", 0), GENEROUS)
    assert isinstance(ended, Answered)
    return int(ended.value)


def until(condition: Callable[[], bool], seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_worker_serves_many_tasks(pool: WorkerPool) -> None:
    assert pid_of(pool) == pid_of(pool) != os.getpid()


def test_a_segfault_costs_its_task_and_keeps_what_was_told(pool: WorkerPool) -> None:
    before = pid_of(pool)
    ended = pool.run(("segfault", 0), GENEROUS)
    assert isinstance(ended, Crashed)
    assert "SIGSEGV" in ended.reason
    assert ended.partial == "known before"
    assert pid_of(pool) != before
    assert pool.statistics.replaced == 1


def test_too_much_cpu_time_ends_the_task(pool: WorkerPool) -> None:
    ended = pool.run(("spin", 0), Limits(cpu_s=0.3, wall_s=60.0))
    assert isinstance(ended, TimedOut)
    assert "CPU time" in ended.reason
    assert ended.partial == "known before"
    assert isinstance(pool.run(("pid", 0), GENEROUS), Answered)


def test_a_sleeping_task_has_cpu_time_left_but_not_wall_time(pool: WorkerPool) -> None:
    ended = pool.run(("sleep", 60), Limits(cpu_s=60.0, wall_s=0.3))
    assert isinstance(ended, TimedOut)
    assert "hang" in ended.reason


def test_waiting_does_not_count_as_cpu_time(pool: WorkerPool) -> None:
    assert isinstance(pool.run(("sleep", 0.5), Limits(cpu_s=0.3, wall_s=60.0)), Answered)


def test_an_error_in_the_handler_keeps_the_worker(pool: WorkerPool) -> None:
    before = pid_of(pool)
    ended = pool.run(("raise", 0), GENEROUS)
    assert isinstance(ended, Crashed)
    assert ended.reason == "ValueError: poison"
    assert pid_of(pool) == before


def test_a_worker_that_exits_is_a_crash(pool: WorkerPool) -> None:
    ended = pool.run(("exit", 3), GENEROUS)
    assert isinstance(ended, Crashed)
    assert "exit status 3" in ended.reason


def test_a_worker_killed_from_outside_costs_nothing(pool: WorkerPool) -> None:
    before = pid_of(pool)
    with ThreadPoolExecutor(1) as threads:
        task = threads.submit(pool.run, ("sleep", 2.0), GENEROUS)
        until(lambda: not task.done())
        os.kill(before, signal.SIGKILL)
        ended = task.result(timeout=240)
    assert isinstance(ended, Answered)
    assert ended.worker != before


def test_a_grown_worker_is_replaced() -> None:
    with WorkerPool(1, make_poison, max_resident_bytes=150_000_000) as pool:
        ended = pool.run(("grow", 200), GENEROUS)
        assert isinstance(ended, Answered)
        assert pid_of(pool) != ended.value
        until(lambda: gone(ended.value))


def test_two_workers_work_at_the_same_time() -> None:
    with WorkerPool(2, make_poison) as pool, ThreadPoolExecutor(2) as threads:
        started = [threads.submit(pool.run, ("sleep", 3.0), GENEROUS) for _ in range(2)]
        workers = {task.result(timeout=240).worker for task in started}
    assert len(workers) == 2


def test_a_worker_that_cannot_start_is_no_frame_s_fault() -> None:
    with (
        WorkerPool(1, never_starts) as pool,
        pytest.raises(WorkerStartError, match="did not start"),
    ):
        pool.run(("pid", 0), GENEROUS)


def test_closing_ends_workers_and_tasks() -> None:
    pool = WorkerPool(1, make_poison)
    with pool:
        pid = pid_of(pool)
        with ThreadPoolExecutor(1) as threads:
            task = threads.submit(pool.run, ("sleep", 60), GENEROUS)
            until(lambda: not task.done())
            pool.close()
            with pytest.raises(PoolClosedError):
                task.result(timeout=240)
    until(lambda: gone(pid))


PARENT = """
import sys
from libs.diffraction.workers import Limits, WorkerPool
from tests.diffraction.poison import make_poison
if __name__ == "__main__":
    with WorkerPool(1, make_poison) as pool:
        print(pool.run(("pid", 0), Limits()).value, flush=True)
        pool.run((sys.argv[1], 600), Limits())
"""


@pytest.mark.parametrize("word", ["spin", "sleep"])
def test_busy_workers_die_with_their_parent(tmp_path: Path, word: str) -> None:
    script, busy = tmp_path / "parent.py", tmp_path / "busy"
    script.write_text(PARENT)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script), word],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "POISON_MARK": str(busy)},
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        until(busy.exists)
        parent.kill()
    until(lambda: gone(worker))
