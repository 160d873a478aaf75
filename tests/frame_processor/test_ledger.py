"""Offsets: committed in order, taken once, given up after a rebalance."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.frame_processor.ledger import OffsetLedger

TP, OTHER = ("work", 0), ("work", 1)


def test_nothing_is_committed_before_the_first_is_done() -> None:
    ledger = OffsetLedger()
    for offset in (4, 5, 6):
        ledger.take(TP, offset)
    ledger.done(TP, 5)
    ledger.done(TP, 6)
    assert ledger.committable() == {}
    ledger.done(TP, 4)
    assert ledger.committable() == {TP: 7}
    assert ledger.committable() == {}


def test_what_is_in_flight_is_not_taken_twice() -> None:
    ledger = OffsetLedger()
    assert ledger.take(TP, 4)
    assert not ledger.take(TP, 4)
    ledger.done(TP, 4)
    assert not ledger.take(TP, 4)
    ledger.committable()
    assert ledger.take(TP, 4)


def test_a_rebalance_gives_up_only_what_went_away() -> None:
    ledger = OffsetLedger()
    ledger.take(TP, 1)
    ledger.take(OTHER, 8)
    ledger.take(("batch", 1), 3)
    assert ledger.keep_only("work", [TP]) == {("work", 1, 8)}
    ledger.done(OTHER, 8)
    ledger.done(TP, 1)
    assert ledger.committable() == {TP: 2}


@settings(deadline=None)
@given(st.permutations(range(12)), st.lists(st.integers(0, 11)))
def test_any_order_commits_exactly_the_finished_prefix(order: list[int], pauses: list[int]) -> None:
    ledger, finished, position = OffsetLedger(), set(), 0
    for offset in range(12):
        ledger.take(TP, offset)
    for n, offset in enumerate(order):
        ledger.done(TP, offset)
        finished.add(offset)
        if n in pauses or n == 11:
            position = ledger.committable().get(TP, position)
            assert all(o in finished for o in range(position))
            assert position not in finished
    assert position == 12
