"""The shell's own few decisions, without Faust running."""

import pytest
from faust.types import TP

from libs.messages.topics import FRAMES
from services.stats_aggregator.app import Moment, end_of

HERE = TP(FRAMES.name, 3)


class Consumer:
    """Faust's, of which only the end of a partition is asked."""

    def __init__(self, end: int | None) -> None:
        self._end = end

    def highwater(self, tp: TP) -> int | None:
        assert self._end != -1, "Partition is not assigned"
        return self._end


@pytest.mark.parametrize(("known", "end"), [(17, 17), (None, None), (-1, None)])
def test_a_partition_that_was_dealt_anew_has_no_end(known: int | None, end: int | None) -> None:
    assert end_of(Consumer(known), HERE) == end


@pytest.mark.parametrize(("by_date_s", "monotonic_s", "passed_s"), [(20, 1, 20), (-3600, 12, 12)])
def test_a_pause_is_what_either_clock_says(
    by_date_s: int, monotonic_s: float, passed_s: float
) -> None:
    """A sleeping machine stops the one clock, an administrator turns the other back."""
    before = Moment(us=10**15, monotonic_s=100.0)
    after = Moment(us=10**15 + by_date_s * 1_000_000, monotonic_s=100.0 + monotonic_s)
    assert after.seconds_since(before) == passed_s
