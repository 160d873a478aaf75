"""The agreement of two lanes: what counts, and that neither order nor repetition does."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from libs.crystallography.agreement import agreement_of
from libs.crystallography.rates import JobStatistics, Rules
from libs.messages import Agreement, FrameResult, FramesProcessed, Lane, Lattice, Outcome
from tests.crystallography.rates.builders import batch, lattice, result


def wider(percent: float) -> Lattice:
    a, b, c, *angles = lattice().unit_cell
    return msgspec.structs.replace(lattice(), unit_cell=(a * (1 + percent / 100), b, c, *angles))


def indexed(frame: int, d_min: float, one: Lattice, n_strong: int = 50) -> FrameResult:
    return result(frame, lattices=(one,), d_min_contiguous=d_min, n_strong=n_strong)


OWN = [
    *(result(frame) for frame in range(3)),
    indexed(3, 2.1, wider(1.0), n_strong=60),
    indexed(4, 2.2, wider(-2.0)),
    indexed(5, 2.0, lattice()),
    result(6),
    result(7, outcome=Outcome.SCREENED),
    result(8, outcome=Outcome.UNREADABLE),
]
REFERENCE = [
    result(1),
    indexed(3, 2.0, lattice()),
    indexed(4, 2.0, lattice()),
    result(5),
    indexed(6, 2.0, lattice()),
    result(7),
    result(8),
    result(99),
]


def statistics(messages: Sequence[FramesProcessed]) -> JobStatistics:
    made = JobStatistics()
    for message in messages:
        made.upsert(message)
    return made


def found(own: Sequence[FrameResult], reference: Sequence[FrameResult]) -> Agreement | None:
    return agreement_of(
        statistics([batch([r], lane=Lane.FAST) for r in own]),
        statistics([batch([r]) for r in reference]),
    )


def test_only_frames_that_both_were_to_index_count() -> None:
    agreement = found(OWN, REFERENCE)
    assert agreement is not None
    assert (agreement.n_indexed_by_both, agreement.n_indexed_by_neither) == (2, 1)
    assert (agreement.n_indexed_by_own, agreement.n_indexed_by_reference) == (1, 1)
    assert (agreement.agreement.numerator, agreement.agreement.denominator) == (3, 5)


def test_differences_are_own_minus_reference() -> None:
    agreement = found(OWN, REFERENCE)
    assert agreement is not None
    assert agreement.cell_percent.n == agreement.d_min_angstrom.n == 2
    assert agreement.cell_percent.median == pytest.approx(-0.5, abs=1e-3)
    assert agreement.d_min_angstrom.median == pytest.approx(0.15)
    assert agreement.n_strong.n == 5


def test_neither_order_nor_repetition_matters() -> None:
    expected, shuffle = found(OWN, REFERENCE), random.Random(3)
    for _ in range(20):
        own, reference = OWN * 2, REFERENCE * 2
        shuffle.shuffle(own)
        shuffle.shuffle(reference)
        assert found(own, reference) == expected


def test_older_attempts_no_longer_count() -> None:
    own, reference = statistics([batch(OWN)]), statistics([batch(REFERENCE)])
    reference.set_rules(Rules(attempt=2))
    assert agreement_of(own, reference) is None


def test_without_a_common_frame_there_is_none() -> None:
    assert found(OWN, [result(99)]) is None
    assert found([], REFERENCE) is None
