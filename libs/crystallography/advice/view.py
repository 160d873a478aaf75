"""Windows of a timeline as causes look at them, and what a cause says: raise, clear, neither."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from libs.crystallography.advice.bounds import share
from libs.crystallography.advice.tallies import FloatArray, IntArray, T
from libs.crystallography.advice.timeline import Timeline

BoolArray = npt.NDArray[np.bool_]
PRESENT_S, SHORT_S, LONG_S, VERY_LONG_S = 8, 20, 60, 600
ENOUGH_FRAMES = 60
"""With fewer frames in the last 8 s, the last 60 s are the present."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """Per second: whether the cause is certain, and whether it is certainly gone."""

    raises: BoolArray
    clears: BoolArray


class View:
    """The positions `start` … end of a timeline, and the windows that end there."""

    def __init__(self, timeline: Timeline, start: int = 0) -> None:
        self.timeline = timeline
        self.at: IntArray = np.arange(start, len(timeline))
        self._windows: dict[int, IntArray] = {}

    def last(self, width_s: int) -> IntArray:
        """[len(at), len(T)]: sums over the last seconds."""
        if width_s not in self._windows:
            self._windows[width_s] = self.timeline.window(self.at, width_s)
        return self._windows[width_s]

    @cached_property
    def present(self) -> IntArray:
        """Sums over the last 8 s, or, where frames are rare, over the last minute."""
        return self.recent(PRESENT_S)

    def recent(self, width_s: int) -> IntArray:
        """Sums over the last seconds, or, where they hold few frames, over the last minute."""
        short, long = self.last(width_s), self.last(LONG_S)
        return np.where(short[:, [T.KNOWN]] >= ENOUGH_FRAMES, short, long)

    def share(self, width_s: int, numerator: T, denominator: T, least: int = 1) -> FloatArray:
        """A rate over the last seconds (or minute, as above); NaN below `least` trials."""
        sums = self.recent(width_s)
        n = np.where(sums[:, denominator] >= least, sums[:, denominator], 0)
        return share(sums[:, numerator], n)
