"""Runs to chunks: pure."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs import messages as m
from services.job_dispatcher.core import (
    CHUNKS_PER_ARRIVAL,
    RunBook,
    Work,
    chunks_of,
    due,
    first_missing,
    is_live,
    split_spans,
)
from tests.catalogue.builders import NOW, RUN, arrived, started

WORK = Work(
    job=m.job_id(RUN, 1, 1),
    attempt=1,
    recipe=m.Recipe(phil="", d_min_angstrom=2.0),
    started=started(period_us=33_333, time_zone="Europe/Berlin"),
    live_from_us=NOW,
)


def frames_of(spans: tuple[m.FrameSpan, ...]) -> list[tuple[str, int, int]]:
    return [(s.file, s.first_index + i, s.first_frame + i) for s in spans for i in range(s.count)]


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=8),
    st.integers(1, 12),
)
def test_chunks_hold_every_frame_once_in_order(counts: list[int], size: int) -> None:
    spans = tuple(arrived(i, count, first=1000 * i).spans[0] for i, count in enumerate(counts))
    groups = list(split_spans(spans, size))
    assert [f for group in groups for f in frames_of(group)] == frames_of(spans)
    assert all(sum(s.count for s in group) == size for group in groups[:-1])


def test_the_same_arrival_gives_the_same_chunks() -> None:
    first, again = (
        chunks_of(arrived(3, 10), WORK, chunk_frames=4, dispatched_us=at) for at in (NOW, NOW + 5)
    )
    assert [c.chunk for c in first] == [3 * CHUNKS_PER_ARRIVAL + i for i in range(3)]
    assert [msgspec.structs.replace(c, dispatched_us=0) for c in first] == [
        msgspec.structs.replace(c, dispatched_us=0) for c in again
    ]


def test_a_chunk_carries_all_that_a_worker_needs() -> None:
    (chunk,) = chunks_of(arrived(0, 2), WORK, chunk_frames=4, dispatched_us=NOW)
    assert (chunk.recipe, chunk.period_us, chunk.time_zone) == (
        WORK.recipe,
        33_333,
        "Europe/Berlin",
    )
    assert chunk.run_started_us == NOW


def test_a_message_that_comes_twice_is_no_news() -> None:
    book = RunBook()
    assert book.take(arrived(0)) == RUN
    assert book.take(arrived(0)) is None


def test_what_is_due_and_what_is_durable() -> None:
    book = RunBook()
    for sequence in (0, 1, 3, 4):
        book.take(arrived(sequence))
    assert due(book.runs[RUN], 1, {3}) == [1, 4]
    assert first_missing(0, {0, 1, 3, 4}) == 2  # what comes after a gap is sent, not noted
    assert first_missing(2, {3}) == 2


def test_frames_from_before_the_trial_can_wait() -> None:
    assert is_live(arrived(0, announced_us=NOW), WORK)
    assert not is_live(arrived(0, announced_us=NOW - 1), WORK)


@pytest.mark.parametrize(
    "bad",
    [
        arrived(-1),
        arrived(1 << 41),
        arrived(0, 0),
        arrived(0, 1 << 30),
        arrived(0, first=(1 << 63) - 2),
    ],
)
def test_an_arrival_without_sense_is_a_bad_message(bad: m.FramesArrived) -> None:
    with pytest.raises(m.BadMessageError):
        RunBook().take(bad)
