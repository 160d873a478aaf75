"""Where a frame's row is, and the rows in frame order, for frames that come in almost any order.

A sorted array and a small unsorted tail that is merged into it now and then: appending in order
costs nothing, a late frame costs a look-up, a million frames cost 16 MB.
"""

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
MIN_TAIL = 4096


class FrameIndex:
    """Frame number to row number; every frame is added once."""

    def __init__(self) -> None:
        self._frames: IntArray = np.empty(0, np.int64)
        self._rows: IntArray = np.empty(0, np.int64)
        self._sorted = 0
        self._tail: dict[int, int] = {}

    def find(self, frames: IntArray) -> IntArray:
        """The row of each frame, −1 where it is not known."""
        rows = self._find_sorted(frames)
        if self._tail:
            missing = np.flatnonzero(rows < 0)
            rows[missing] = [self._tail.get(frame, -1) for frame in frames[missing].tolist()]
        return rows

    def add(self, frames: IntArray, rows: IntArray) -> None:
        """Remember frames that are new, each once."""
        if len(frames) == 0:
            return
        if not (frames[1:] > frames[:-1]).all():
            ascending = np.argsort(frames)
            frames, rows = frames[ascending], rows[ascending]
        if not self._tail and (self._sorted == 0 or frames[0] > self._frames[self._sorted - 1]):
            self._append(frames, rows)
            return
        self._tail.update(zip(frames.tolist(), rows.tolist(), strict=True))
        if len(self._tail) > max(MIN_TAIL, self._sorted // 16):
            self._merge()

    def order(self) -> IntArray:
        """Row numbers in frame order (a view: do not keep it over the next addition)."""
        if self._tail:
            self._merge()
        return self._rows[: self._sorted]

    def _find_sorted(self, frames: IntArray) -> IntArray:
        known = self._frames[: self._sorted]
        if self._sorted == 0 or (len(frames) and frames.min() > known[-1]):
            return np.full(len(frames), -1, np.int64)
        at = np.minimum(np.searchsorted(known, frames), self._sorted - 1)
        return np.where(known[at] == frames, self._rows[at], -1)

    def _append(self, frames: IntArray, rows: IntArray) -> None:
        end = self._sorted + len(frames)
        if end > len(self._frames):
            self._frames = _grown(self._frames, end)
            self._rows = _grown(self._rows, end)
        self._frames[self._sorted : end] = frames
        self._rows[self._sorted : end] = rows
        self._sorted = end

    def _merge(self) -> None:
        frames = np.fromiter(self._tail.keys(), np.int64, len(self._tail))
        rows = np.fromiter(self._tail.values(), np.int64, len(self._tail))
        ascending = np.argsort(frames, kind="stable")
        frames, rows = frames[ascending], rows[ascending]
        at = np.searchsorted(self._frames[: self._sorted], frames)
        self._frames = np.insert(self._frames[: self._sorted], at, frames)
        self._rows = np.insert(self._rows[: self._sorted], at, rows)
        self._sorted, self._tail = len(self._frames), {}


def _grown(array: IntArray, needed: int) -> IntArray:
    bigger = np.empty(max(needed, 2 * len(array), 1024), np.int64)
    bigger[: len(array)] = array
    return bigger
