"""Two worker processes of the real pool against one, on the same frames: wall time.

Wall time needs idle cores: rounds of one and two workers alternate, each round gives a ratio, and
the median counts; their spread and how many cores our workers kept busy stand beside it.
The file lies in the page cache, and each worker has its next frame waiting.
"""

import os
import statistics
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

FRAMES_EACH = 80
"""Of each worker in a round: about two seconds."""
ROUNDS = 7
GOAL = 1.9


def show_two_workers(case: Case) -> None:
    """Frames per second of one and of two processes, in alternation."""
    recipe = msgspec.structs.replace(case.task.recipe, lane=Lane.FAST)
    task = msgspec.structs.replace(case.task, recipe=recipe)
    with FramePool(1) as one, FramePool(2) as two:
        for pool in (one, two):
            _frames_per_s(pool, [task] * 20)
        rounds = [
            (_frames_per_s(one, [task] * FRAMES_EACH), _frames_per_s(two, [task] * 2 * FRAMES_EACH))
            for _ in range(ROUNDS)
        ]
    ratios = sorted(double / single for (single, _), (double, _) in rounds)
    busy = statistics.median(busy for _, (_, busy) in rounds)
    single = statistics.median(single for (single, _), _ in rounds)
    what = f"two workers ({ratios[0]:.2f} to {ratios[-1]:.2f}; {busy:.2f} cores busy)"
    show(what, "frames/s", single * statistics.median(ratios), single, "one worker", GOAL)


def _frames_per_s(pool: FramePool, tasks: list[FrameTask]) -> tuple[float, float]:
    """And how many cores our worker processes kept busy."""
    started, cpu_s = time.perf_counter(), _workers_cpu_s()
    with ThreadPoolExecutor(2 * pool.size) as threads:
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
