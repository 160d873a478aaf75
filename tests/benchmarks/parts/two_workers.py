"""Two worker processes of the real pool against one, on the same frames: wall time.

Wall time needs idle cores: rounds are repeated and the best one counts; how many cores our workers
kept busy meanwhile stands beside the figure.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from libs.diffraction import FramePool
from libs.diffraction.tasks import FrameTask
from libs.messages import Lane, Outcome
from tests.benchmarks.parts.processing_cases import Case
from tests.benchmarks.parts.ratios import show

FRAMES = 100
ROUNDS = 3
GOAL = 1.9


def show_two_workers(case: Case) -> None:
    """Frames per second of one and of two processes, in alternation."""
    recipe = msgspec.structs.replace(case.task.recipe, lane=Lane.FAST)
    tasks = [msgspec.structs.replace(case.task, recipe=recipe)] * FRAMES
    with FramePool(1) as one, FramePool(2) as two:
        for pool in (one, two):
            _frames_per_s(pool, tasks[:10])
        rounds = [(_frames_per_s(one, tasks), _frames_per_s(two, tasks)) for _ in range(ROUNDS)]
    (single, _), (double, busy) = (max(both) for both in zip(*rounds, strict=True))
    what = f"two workers ({busy:.2f} cores busy)"
    show(what, "frames/s", double, single, "one worker", GOAL)


def _frames_per_s(pool: FramePool, tasks: list[FrameTask]) -> tuple[float, float]:
    """And how many cores our worker processes kept busy."""
    started, cpu_s = time.perf_counter(), _workers_cpu_s()
    with ThreadPoolExecutor(pool.size) as threads:
        replies = list(threads.map(pool.process, tasks))
    wall_s = time.perf_counter() - started
    if not all(reply.result.outcome is Outcome.PROCESSED for reply in replies):
        raise RuntimeError("a frame was not processed")
    return len(tasks) / wall_s, (_workers_cpu_s() - cpu_s) / wall_s


def _workers_cpu_s() -> float:
    """CPU time so far of all processes below this one, from /proc."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            pid, rest = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
            parents[pid], ticks[pid] = int(rest[1]), int(rest[11]) + int(rest[12])
    ours = [pid for pid in parents if os.getpid() in _above(pid, parents)]
    return sum(ticks[pid] for pid in ours) / os.sysconf("SC_CLK_TCK")


def _above(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid
