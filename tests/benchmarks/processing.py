"""The fast lane against DIALS's stock stills processor: the same frames, hot, in memory, one core.

CPU time of this process, medians over repeats that alternate; imports, reading and first calls are
left out. Also: the same with reading, the `dials` lane's own overhead, two workers against one.
"""

import statistics
import tempfile
import time
from pathlib import Path

from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from tests.benchmarks.parts.lane_overhead import PEER, cpu_s, show_overhead
from tests.benchmarks.parts.processing_cases import Case, all_cases
from tests.benchmarks.parts.ratios import show
from tests.benchmarks.parts.stock_processor import stock, stock_from_file
from tests.benchmarks.parts.two_workers import show_two_workers

REPEATS_STOCK, STOCK_S = 2, 3.0
"""At least so many repeats of stock DIALS, or so many seconds of it."""
FAST_PER_STOCK = 5
STEPS = ("find", "index", "integrate")
Seconds = dict[str, float]


def main() -> None:
    """Print a ratio per frame and per stage."""
    fast, dials = FastLane(clock=time.process_time), DialsLane()
    with tempfile.TemporaryDirectory() as folder:
        cases = list(all_cases(Path(folder), fast))
        for case in cases:
            _in_memory(case, fast)
        for case in cases:
            _with_reading(case, fast)
        for case in cases:
            if case.overhead_goal is not None:
                show_overhead(case, fast, dials)
        show_two_workers(cases[-1])
    fast.close()
    dials.close()


def _in_memory(case: Case, lane: FastLane) -> None:
    ours, theirs = [_fast(case, lane)], [stock(case, lane)]
    for _ in range(max(REPEATS_STOCK, round(STOCK_S / theirs[0]["all"]))):
        ours += [_fast(case, lane) for _ in range(FAST_PER_STOCK)]
        theirs.append(stock(case, lane))
    mine, other = _medians(ours[1:]), _medians(theirs[1:])
    _show(case.what, mine["all"], other["all"], case.goal)
    for step in STEPS:
        if step in mine and step in other:
            _show(f"{case.what}: {step}", mine[step], other[step], 0.0)


def _fast(case: Case, lane: FastLane) -> Seconds:
    recipe = case.task.recipe
    started = time.process_time()
    result = lane.process_frame(case.task, case.frame, lane.recipe(recipe)).result
    total = time.process_time() - started
    steps = {step: getattr(result.timings_ms, step) for step in STEPS}
    return {"all": total} | {k: v / 1000.0 for k, v in steps.items() if v is not None}


def _with_reading(case: Case, lane: FastLane) -> None:
    """The file's way in: our reader against DIALS's own import."""
    if case.made_up:
        return
    lane.process(case.task)
    ours = statistics.median(cpu_s(lambda: lane.process(case.task)) for _ in range(FAST_PER_STOCK))
    _show(f"{case.what}, with reading", ours, stock_from_file(case, lane), 0.0)


def _medians(runs: list[Seconds]) -> Seconds:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _show(what: str, ours_s: float, theirs_s: float, goal: float) -> None:
    show(what, "frames/s", 1.0 / ours_s, 1.0 / theirs_s, PEER, goal)


if __name__ == "__main__":
    main()
