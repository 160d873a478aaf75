"""The columns of one job as the page gets them: everything, or what changed since a revision.

Rows come from the database and, overlapping, from the tail of `frames`; precedence decides, so the
overlap does no harm. Pure.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates import FrameColumns, Rows
from libs.messages import FramesProcessed, Lane, attempt_of

Positions = Mapping[int, int]
"""Next offset by partition of `frames`."""
MOST_WAITING = 20_000


class HeldJob:
    """Columns of one job in one lane, with a revision that rises over restarts of the service."""

    def __init__(self, lane: Lane, *, tail_from: Positions, revision: int) -> None:
        self.lane = lane
        self.columns = FrameColumns()
        self.is_loaded = False
        self.has_tables = False
        self.revision = self._full_since = revision
        self._tail_from = dict(tail_from)
        self._shown_attempt = 0
        self._announced_attempt = 0
        self._not_shown_done_us: list[int] = []

    def announce_attempt(self, attempt: int, revision: int) -> bool:
        """Results of older attempts count no longer; true where that changes what is shown."""
        self._announced_attempt = max(attempt, self._announced_attempt)
        return self._show_newest_attempt(revision)

    def take(self, batch: FramesProcessed, revision: int) -> bool:
        """Take results from the tail; true where something changed. Raises BadMessageError."""
        if batch.lane is not self.lane:
            return False
        self.columns.stamp = revision
        if len(self.columns.upsert(batch)) == 0:
            return False
        self._remember_done(batch)
        return self._changed(revision)

    def is_covered_by(self, stored: Positions) -> bool:
        """Whether database and tail together leave no gap."""
        return all(stored.get(p, 0) >= offset for p, offset in self._tail_from.items())

    def take_stored(self, rows: Rows, revision: int, *, complete: bool) -> bool:
        """Take the rows of the database; true where something changed."""
        became_loaded = complete and not self.is_loaded
        self.is_loaded = self.is_loaded or complete
        self.columns.stamp = revision
        has_news = len(self.columns.upsert_rows(rows)) > 0
        self.has_tables = self.has_tables and not has_news
        return self._changed(revision) if has_news else became_loaded

    def take_tables(self, tables: Rows) -> None:
        """Shell tables of stored results, which came without; those of the tail bring theirs."""
        self.columns.complete(tables)
        self.has_tables = True

    def changed_since(self, since: int) -> tuple[bool, Rows, int]:
        """(whether it is everything, the rows in frame order, the number of all rows)."""
        order = self.columns.order()
        attempts: npt.NDArray[np.int64] = _attempts(self.columns.rows[order])
        order = order[attempts >= self._shown_attempt]
        total = len(order)
        full = not self._full_since <= since <= self.revision
        if not full:
            order = order[self.columns.stamps[order] > since]
        return full, self.columns.rows[order], total

    def take_not_shown(self) -> list[int]:
        """When the results that no answer has carried yet were done (µs)."""
        waiting, self._not_shown_done_us = self._not_shown_done_us, []
        return waiting

    def _remember_done(self, batch: FramesProcessed) -> None:
        done = (f.stages_us.done for f in batch.frames)
        self._not_shown_done_us += [at for at in done if at is not None]
        del self._not_shown_done_us[:-MOST_WAITING]

    def _changed(self, revision: int) -> bool:
        self.revision = revision
        self._show_newest_attempt(revision)
        return True

    def _show_newest_attempt(self, revision: int) -> bool:
        newest = max(self._announced_attempt, self.columns.attempt)
        if newest == self._shown_attempt:
            return False
        self._shown_attempt = newest
        self.revision = self._full_since = revision
        return True


def _attempts(rows: Rows) -> npt.NDArray[np.int64]:
    return cast("npt.NDArray[np.int64]", attempt_of(cast("Any", rows["precedence"])))
