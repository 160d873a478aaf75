"""The statistics of one job: columns, the rules they are judged by, and running counts.

Counts are integers that are added and subtracted as rows change, so that an update costs the
change and the result is the same to the last bit in whatever order the frames came.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from libs.crystallography.rates.bars import bar_of, rates_of
from libs.crystallography.rates.classes import (
    KNOWN,
    N_PATTERNS,
    PROCESSED,
    Bits,
    Rules,
    classify,
    count,
    patterns,
)
from libs.crystallography.rates.columns import FrameColumns
from libs.crystallography.rates.index import IntArray
from libs.crystallography.rates.rows import Rows, rows_of, rows_of_all
from libs.crystallography.rates.segments import SEGMENT_ROWS
from libs.crystallography.rates.series import RunStatsSeries, run_stats
from libs.messages import FramesProcessed, LiveWindow, StatisticsBar

TIME_WINDOWS_US = {"10s": 10_000_000, "60s": 60_000_000, "10min": 600_000_000}
FRAME_WINDOWS = {"100frames": 100, "1000frames": 1000}


class JobStatistics:
    """Takes results, gives the statistics bar, the live windows and the run-stats series."""

    def __init__(self, rules: Rules | None = None, columns: FrameColumns | None = None) -> None:
        self.columns = FrameColumns() if columns is None else columns
        self._asked = Rules() if rules is None else rules
        self._rules = self._asked
        self._store: Bits = np.empty(0, np.uint16)
        self._judged = 0
        self._counts: IntArray = np.zeros(N_PATTERNS, np.int64)
        self._judge_all()

    @property
    def rules(self) -> Rules:
        """The rules in force: at least the newest attempt that has results."""
        return self._rules

    def set_rules(self, rules: Rules) -> None:
        """Judge by other rules from now on; costs a pass over the rows if they differ."""
        if rules != self._asked:
            self._asked = rules
            self._judge_all()

    def upsert(self, batch: FramesProcessed) -> int:
        """Take a message; gives how many frames it changed. Raises BadMessageError."""
        return self.upsert_rows(rows_of(batch))

    def upsert_all(self, batches: Sequence[FramesProcessed]) -> int:
        """Take several messages at once, which is several times as fast as one by one."""
        return len(self.frames_changed_by(batches))

    def frames_changed_by(self, batches: Sequence[FramesProcessed]) -> IntArray:
        """Take several messages at once; gives the frames (int64) whose rows changed."""
        changed = self._upsert(rows_of_all(batches))
        frames: IntArray = self.columns.rows["frame"][changed]
        return frames

    def upsert_rows(self, rows: Rows) -> int:
        """Take rows; gives how many frames they changed."""
        return len(self._upsert(rows))

    def summary(self) -> StatisticsBar:
        """The statistics bar of everything so far."""
        return bar_of(self._counts)

    @property
    def n_results(self) -> int:
        """How many frames have a result of the attempt in force, of whatever outcome."""
        return count(self._counts, KNOWN)

    def newest_ts_us(self) -> int | None:
        """The newest event time of a processed frame."""
        newest: int | None = None
        bounds = self.columns.newest_bound_us
        for number in np.argsort(bounds)[::-1].tolist():
            if newest is not None and bounds[number] <= newest:
                break
            rows = self._processed_rows(slice(number * SEGMENT_ROWS, (number + 1) * SEGMENT_ROWS))
            if len(rows):
                found = int(self.columns.rows["ts_us"][rows].max())
                newest = found if newest is None else max(newest, found)
        return newest

    def live_windows(self) -> tuple[LiveWindow, ...]:
        """The last seconds of event time and the last frames in frame order."""
        return (*self._time_windows(), *self._frame_windows())

    def series(self) -> RunStatsSeries:
        """The moving rates for every processed frame."""
        order = self.columns.order()
        order = order[(self.bits[order] & PROCESSED) > 0]
        return run_stats(self.columns.rows["frame"][order], self.bits[order])

    def _time_windows(self) -> list[LiveWindow]:
        newest = self.newest_ts_us()
        if newest is None:
            return [_window(name, self.bits[:0]) for name in TIME_WINDOWS_US]
        rows = self._rows_since(newest - max(TIME_WINDOWS_US.values()))
        age, bits = newest - self.columns.rows["ts_us"][rows], self.bits[rows]
        return [_window(name, bits[age <= width]) for name, width in TIME_WINDOWS_US.items()]

    def _rows_since(self, oldest_us: int) -> IntArray:
        rows = self.columns.rows_since(oldest_us)
        since: IntArray = rows[(self.bits[rows] & PROCESSED) > 0]
        return since

    def _frame_windows(self) -> list[LiveWindow]:
        last = self.bits[self._last_processed(max(FRAME_WINDOWS.values()))]
        return [_window(name, last[-width:]) for name, width in FRAME_WINDOWS.items()]

    def _last_processed(self, n: int) -> IntArray:
        order, take = self.columns.order(), 2 * n
        while True:
            rows: IntArray = order[-take:]
            rows = rows[(self.bits[rows] & PROCESSED) > 0]
            if len(rows) >= n or take >= len(order):
                return rows[-n:]
            take *= 4

    def _processed_rows(self, where: slice) -> IntArray:
        rows: IntArray = np.flatnonzero(self.bits[where] & PROCESSED) + where.start
        return rows

    @property
    def bits(self) -> Bits:
        """What each row counts as (a view)."""
        return self._store[: self._judged]

    def _upsert(self, rows: Rows) -> IntArray:
        changed = self.columns.upsert_rows(rows)
        self._judge(changed)
        return changed

    def _judge(self, changed: IntArray) -> None:
        if self.columns.attempt > self._rules.attempt:
            self._judge_all()
            return
        bits = classify(self.columns.rows[changed], self._rules)
        before = self._store[changed[changed < self._judged]]
        self._counts += patterns(bits) - patterns(before)
        self._judged = len(self.columns)
        self._reserve(self._judged)
        self._store[changed] = bits

    def _judge_all(self) -> None:
        attempt = max(self._asked.attempt, self.columns.attempt)
        self._rules = replace(self._asked, attempt=attempt)
        self._store = classify(self.columns.rows, self._rules)
        self._judged = len(self._store)
        self._counts = patterns(self._store)

    def _reserve(self, needed: int) -> None:
        if needed > len(self._store):
            bigger = np.zeros(max(needed, 2 * len(self._store), SEGMENT_ROWS), np.uint16)
            bigger[: len(self._store)] = self._store
            self._store = bigger


def _window(name: str, bits: Bits) -> LiveWindow:
    counts = patterns(bits)
    rates = rates_of(counts)
    return LiveWindow(name=name, n_processed=rates.hit.denominator, rates=rates)
