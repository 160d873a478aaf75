"""What the `dials` lane does besides stock DIALS's processor, in CPU time.

Judged within the same calls: the whole call over the processor's part of it, so that only the
lane's own work can make the difference. For information the frame also goes through the lane
and through the bare processor in turn, A B B A, where noise of a few per cent stays.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from libs.diffraction import (
    dials_preload,  # noqa: F401 - comes first: makes DIALS importable
    watched_processor,
)
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from tests.benchmarks.parts.processing_cases import Case
from tests.benchmarks.parts.ratios import show
from tests.benchmarks.parts.stock_processor import HeldFrame, stock

GOAL = 1.0 / 1.05
"""5 % of the processor's time is the lane's own."""
LEAST_CALLS, ABOUT_S = 4, 6.0
PEER = "dials.stills_process.Processor"


class ClockedProcessor(watched_processor.WatchedProcessor):
    """Sums the processor's own time, without the lane's callback."""

    seconds_inside = 0.0

    def __init__(self, params: Any, after_spots: Callable[[Any], None], *rest: Any) -> None:
        def clocked(strong: Any) -> None:
            ClockedProcessor.seconds_inside -= cpu_s(lambda: after_spots(strong))

        ClockedProcessor.seconds_inside += cpu_s(
            lambda: super(ClockedProcessor, self).__init__(params, clocked, *rest)
        )

    def process_experiments(self, tag: str, experiments: Any) -> None:
        """DIALS's; what it raises is the lane's to tell."""
        started = time.process_time()
        try:
            super().process_experiments(tag, experiments)
        finally:
            ClockedProcessor.seconds_inside += time.process_time() - started


def show_overhead(case: Case, fast: FastLane, dials: DialsLane) -> None:
    """The lane's calls over the processor's part of them, with the spread; and A B B A."""
    dials.reader = HeldFrame(case.frame)
    one_s = cpu_s(lambda: dials.process(case.task))
    n = max(LEAST_CALLS, round(ABOUT_S / one_s))
    inside = [_inside(case, dials) for _ in range(n)]
    shares = sorted(part / whole for whole, part in inside)
    whole_s = statistics.median(whole for whole, _ in inside)
    middle = statistics.median(shares)
    what = f"dials lane over its processor, {case.what} ({shares[0]:.3f} to {shares[-1]:.3f})"
    goal = GOAL if case.overhead_goal else 0.0
    show(what, "frames/s", 1.0 / whole_s, 1.0 / (whole_s * middle), PEER, goal)
    ours, theirs = _in_turn(case, fast, dials, n)
    show(f"dials lane and bare Processor in turn, {case.what}", "frames/s", ours, theirs, PEER, 0.0)


def cpu_s(action: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    action()
    return time.process_time() - started


def _inside(case: Case, dials: DialsLane) -> tuple[float, float]:
    ClockedProcessor.seconds_inside = 0.0
    with patch.object(watched_processor, "WatchedProcessor", ClockedProcessor):
        whole = cpu_s(lambda: dials.process(case.task))
    return whole, ClockedProcessor.seconds_inside


def _in_turn(case: Case, fast: FastLane, dials: DialsLane, n: int) -> tuple[float, float]:
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(n):
        both = [
            lambda: ours.append(cpu_s(lambda: dials.process(case.task))),
            lambda: theirs.append(stock(case, fast)["all"]),
        ]
        for action in both if turn % 2 == 0 else reversed(both):
            action()
    return 1.0 / statistics.median(ours), 1.0 / statistics.median(theirs)
