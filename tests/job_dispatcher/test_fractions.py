"""The fraction of an arrival never changes, whatever happens between decision and publication."""

from hypothesis import given
from hypothesis import strategies as st

from services.job_dispatcher.core import RunBook
from services.job_dispatcher.fractions import (
    first_open,
    fraction_at,
    new_live,
    only_screened,
    with_fraction,
)
from tests.catalogue.builders import NOW, RUN, arrived


def test_everything_is_indexed_before_the_first_step() -> None:
    steps = with_fraction((), 5, 0.5)
    assert [fraction_at(steps, s) for s in (0, 4, 5, 900)] == [1.0, 1.0, 0.5, 0.5]


def test_the_same_fraction_makes_no_step() -> None:
    assert with_fraction((), 3, 1.0) == ()
    assert with_fraction(((2, 0.5),), 3, 0.5) == ((2, 0.5),)


def test_a_durable_step_is_never_replaced() -> None:
    assert with_fraction(((4, 0.5),), 4, 0.25) == ((4, 0.5),)


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([1.0, 0.5, 0.25])), max_size=30))
def test_later_steps_leave_earlier_arrivals_alone(changes: list[tuple[int, float]]) -> None:
    steps: tuple[tuple[int, float], ...] = ()
    at = 0
    for gap, fraction in changes:
        before = [fraction_at(steps, s) for s in range(at)]
        steps = with_fraction(steps, at, fraction)
        assert [fraction_at(steps, s) for s in range(at)] == before
        at += gap


def test_what_had_arrived_before_this_process_may_have_been_sent_by_another() -> None:
    book = RunBook()
    book.take(arrived(0), inherited=True)
    book.take(arrived(7), inherited=True)
    book.take(arrived(8))
    known = book.runs[RUN]
    assert first_open(known, -1) == 8
    assert first_open(known, 8) == 9
    assert new_live(known, [0, 7, 8], 8, NOW)
    assert not new_live(known, [0, 7], 8, NOW)
    assert not new_live(known, [8], 8, NOW + 1000)  # it can wait, so it is indexed whole


def test_what_was_only_screened_is_found_in_its_range() -> None:
    book = RunBook()
    for sequence in (0, 1, 2, 4, 5):
        book.take(arrived(sequence))
    book.take(arrived(3, announced_us=NOW - 1))
    known, steps = book.runs[RUN], ((1, 0.5), (5, 1.0))
    assert only_screened(known, steps, 0, 6, NOW) == [1, 2, 4]
    assert only_screened(known, steps, 2, 4, NOW) == [2]
    assert only_screened(known, (), 0, 6, NOW) == []
