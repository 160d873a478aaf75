"""The frames of one job in one lane, whatever the order in which their results arrive.

Of several results of a frame the one of highest precedence stays (libs.messages.precedence), so
that order, duplicates and repetitions leave no trace. Rows lie in order of arrival, in segments of
1024; a row never moves, so a segment changes only where its own frames do.
Does not know cut-offs: see statistics.py.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.index import FrameIndex, IntArray
from libs.crystallography.rates.rows import ROW, Rows, rows_of
from libs.crystallography.rates.segments import SEGMENT_ROWS, pack, unpack
from libs.messages import FramesProcessed, attempt_of


class FrameColumns:
    """Rows by frame number; `stamp` marks what the next upserts change (for readers' updates)."""

    def __init__(self) -> None:
        self._rows: Rows = np.zeros(0, ROW)
        self._stamps: IntArray = np.zeros(0, np.int64)
        self._newest: IntArray = np.zeros(0, np.int64)
        self._size = 0
        self._index = FrameIndex()
        self._dirty: set[int] = set()
        self._oldest_change_us: int | None = None
        self.attempt = 0
        self.stamp = 0

    def __len__(self) -> int:
        return self._size

    @property
    def rows(self) -> Rows:
        """All rows in order of arrival (a view)."""
        return self._rows[: self._size]

    @property
    def stamps(self) -> IntArray:
        """For each row the stamp under which it last changed (a view)."""
        return self._stamps[: self._size]

    @property
    def newest_bound_us(self) -> IntArray:
        """For each segment an upper bound of its event times (a view)."""
        return self._newest[: _segments(self._size)]

    def order(self) -> IntArray:
        """Row numbers in frame order."""
        return self._index.order()

    def find(self, frame: int) -> int:
        """The row of a frame, −1 where it is not known."""
        return int(self.find_all(np.array([frame], np.int64))[0])

    def find_all(self, frames: IntArray) -> IntArray:
        """The row of each frame, −1 where it is not known."""
        return self._index.find(frames)

    def upsert(self, batch: FramesProcessed) -> IntArray:
        """Take a message's results; gives the rows that changed. Raises BadMessageError."""
        return self.upsert_rows(rows_of(batch))

    def upsert_rows(self, rows: Rows) -> IntArray:
        """Take rows in any order, with duplicates; gives the numbers of the rows that changed."""
        if len(rows) == 0:
            return np.empty(0, np.int64)
        rows = _strongest_of_each_frame(rows)
        at = self._index.find(rows["frame"])
        fresh = at < 0
        if not fresh.all():
            better = ~fresh & (rows["precedence"] > self._rows["precedence"][at])
            rows, at, fresh = rows[fresh | better], at[fresh | better], fresh[fresh | better]
        self._place(rows, at, fresh)
        return at

    def complete(self, tables: Rows) -> None:
        """Take the shell tables of results that we have without them; nothing else changes."""
        at = self._index.find(tables["frame"])
        same = at >= 0
        same[same] = self._rows["precedence"][at[same]] == tables["precedence"][same]
        for name in ("shell_d_min", "contiguous", "cctbx"):
            self._rows[name][at[same]] = tables[name][same]

    def rows_since(self, oldest_us: int) -> IntArray:
        """The numbers of the rows with this event time or a later one."""
        candidates = np.flatnonzero(self.newest_bound_us >= oldest_us)
        rows = (candidates[:, np.newaxis] * SEGMENT_ROWS + np.arange(SEGMENT_ROWS)).ravel()
        rows = rows[rows < self._size]
        since: IntArray = rows[self._rows["ts_us"][rows] >= oldest_us]
        return since

    def take_oldest_change_us(self) -> int | None:
        """The oldest event time, old or new, of a row that changed since the last call."""
        oldest, self._oldest_change_us = self._oldest_change_us, None
        return oldest

    @property
    def is_dirty(self) -> bool:
        """Whether a segment changed since the last call of `dirty_segments`."""
        return bool(self._dirty)

    def dirty_segments(self) -> tuple[int, ...]:
        """The segments that changed since the last call; the caller makes them durable."""
        dirty, self._dirty = tuple(sorted(self._dirty)), set()
        return dirty

    def segment(self, number: int) -> bytes:
        """A segment as bytes."""
        return pack(self.rows[number * SEGMENT_ROWS : (number + 1) * SEGMENT_ROWS])

    @property
    def n_segments(self) -> int:
        """How many segments there are."""
        return _segments(self._size)

    @classmethod
    def restored(cls, segments: Iterable[bytes]) -> "FrameColumns":
        """Columns from their segments, in order; raises ValueError for damaged bytes.

        Segments that do not fit together (written by different processes) are still taken, frame
        by frame, and all become dirty, since rows may now lie elsewhere than in the store.
        """
        columns, expected = cls(), 0
        for raw in segments:
            rows = unpack(raw)
            columns.upsert_rows(rows)
            fits = expected % SEGMENT_ROWS == 0
            expected += len(rows)
            if not fits or len(columns) != expected:
                expected = -1
        if expected == len(columns):
            columns._dirty = set()
        return columns

    def _place(self, rows: Rows, at: IntArray, fresh: npt.NDArray[np.bool_]) -> None:
        self._note_change(rows["ts_us"])
        self._note_change(self._rows["ts_us"][at[~fresh]])
        n_fresh = int(fresh.sum())
        at[fresh] = np.arange(self._size, self._size + n_fresh)
        self._reserve(self._size + n_fresh)
        self._size += n_fresh
        self._rows[at] = rows
        self._stamps[at] = self.stamp
        np.maximum.at(self._newest, at // SEGMENT_ROWS, rows["ts_us"])
        self._index.add(rows["frame"][fresh], at[fresh])
        self._dirty.update(np.unique(at // SEGMENT_ROWS).tolist())
        if len(rows):
            self.attempt = max(self.attempt, attempt_of(int(rows["precedence"].max())))

    def _note_change(self, ts_us: IntArray) -> None:
        if len(ts_us):
            oldest = int(ts_us.min())
            known = self._oldest_change_us
            self._oldest_change_us = oldest if known is None else min(known, oldest)

    def _reserve(self, needed: int) -> None:
        if needed <= len(self._rows):
            return
        capacity = SEGMENT_ROWS * _segments(max(needed, len(self._rows) * 3 // 2))
        grown_rows = np.zeros(capacity, ROW)
        grown_rows[: self._size] = self.rows
        stamps = np.zeros(capacity, np.int64)
        stamps[: self._size] = self.stamps
        newest = np.full(capacity // SEGMENT_ROWS, np.iinfo(np.int64).min)
        newest[: len(self._newest)] = self._newest
        self._rows, self._stamps, self._newest = grown_rows, stamps, newest


def _segments(n_rows: int) -> int:
    return -(-n_rows // SEGMENT_ROWS)


def _strongest_of_each_frame(rows: Rows) -> Rows:
    """One row for each frame, in their order."""
    frames = rows["frame"]
    if (frames[1:] > frames[:-1]).all():
        return rows
    by_frame = np.lexsort((rows["precedence"], frames))
    is_last = np.append(frames[by_frame][1:] != frames[by_frame][:-1], True)
    strongest: Rows = rows[np.sort(by_frame[is_last])]
    return strongest
