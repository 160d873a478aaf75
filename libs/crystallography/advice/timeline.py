"""Tallies of a job in order of event time, with sums over trailing windows at any second.

Grows at its end and can be cut back, so that a live update costs the seconds that changed.
"""

import numpy as np

from libs.crystallography.advice.tallies import FloatArray, IntArray, T, Tallies

MIN_CAPACITY = 1024


class Timeline:
    """Prefix sums over the seconds that have frames (seconds without any take no room)."""

    def __init__(self) -> None:
        self._n = 0
        self._second: IntArray = np.empty(MIN_CAPACITY, np.int64)
        self._rings: FloatArray = np.empty((MIN_CAPACITY, 2))
        self._sums: IntArray = np.zeros((MIN_CAPACITY + 1, len(T)), np.int64)

    def __len__(self) -> int:
        return self._n

    @property
    def second(self) -> IntArray:
        """The seconds that have frames, ascending (a view)."""
        return self._second[: self._n]

    @property
    def rings(self) -> FloatArray:
        """Median rings of each second (a view)."""
        return self._rings[: self._n]

    def cut(self, second: int) -> int:
        """Drop this second and all later ones; gives how many are left."""
        self._n = int(np.searchsorted(self.second, second))
        return self._n

    def append(self, tallies: Tallies) -> None:
        """Add seconds that lie after all others."""
        n, more = self._n, len(tallies.second)
        self._reserve(n + more)
        self._second[n : n + more] = tallies.second
        self._rings[n : n + more] = tallies.rings
        np.cumsum(tallies.sums, axis=0, out=self._sums[n + 1 : n + 1 + more])
        self._sums[n + 1 : n + 1 + more] += self._sums[n]
        self._n = n + more

    def first_within(self, at: IntArray, width_s: int) -> IntArray:
        """The first position of the window of this width that ends with each position."""
        return np.searchsorted(self.second, self.second[at] - width_s, side="right")

    def window(self, at: IntArray, width_s: int, *, before_s: int = 0) -> IntArray:
        """[len(at), len(T)]: sums over the `width_s` seconds that end `before_s` before each."""
        first = self.first_within(at, width_s + before_s)
        end = self.first_within(at, before_s) if before_s else at + 1
        return self._sums[end] - self._sums[first]

    def between(self, first: int, end: int) -> IntArray:
        """[len(T)]: sums from one position up to but not including another one."""
        total: IntArray = self._sums[max(end, first)] - self._sums[first]
        return total

    def cumulated(self) -> IntArray:
        """[n + 1, len(T)]: sums up to but not including each position (a view)."""
        return self._sums[: self._n + 1]

    def _reserve(self, needed: int) -> None:
        if needed > len(self._second):
            capacity = max(needed, 2 * len(self._second))
            self._second = np.resize(self._second, capacity)
            self._rings = np.resize(self._rings, (capacity, 2))
            sums = np.zeros((capacity + 1, len(T)), np.int64)
            sums[: self._n + 1] = self._sums[: self._n + 1]
            self._sums = sums
