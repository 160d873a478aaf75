"""Messages to rows: pure."""

import math
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs import messages as m
from libs.catalogue import result_models as results
from libs.catalogue import summary_models as summaries
from libs.catalogue.blobs import unpack_matrix, unpack_shells
from libs.messages import ATTEMPT_SHIFT
from services.database_sink.core import Rows, add, rows_of
from services.database_sink.frame_rows import (
    FileValues,
    FrameValues,
    LatticeValues,
    OriginValues,
    frame_rows,
)
from services.database_sink.statements import columns_of
from services.database_sink.summary_rows import (
    RATES_COLUMNS,
    AdviceValues,
    JobChangeValues,
    ProfileValues,
)
from tests.catalogue.builders import NOW, RUN, arrived, batch, result, started
from tests.messages.examples import EXAMPLES

JOB = m.job_id(RUN, 1, 1)


@pytest.mark.parametrize(
    ("fields", "table", "prefix"),
    [
        (FrameValues._fields, results.FrameRow, ("job_id",)),
        (LatticeValues._fields, results.LatticeRow, ("job_id",)),
        (ProfileValues._fields, results.BatchProfileRow, ("job_id",)),
        (OriginValues._fields, results.BatchOriginRow, ()),
        (FileValues._fields, results.FileRow, ()),
        (RATES_COLUMNS, summaries.RatesRow, ("job_id",)),
        (AdviceValues._fields, summaries.AdviceRow, ("job_id",)),
        (JobChangeValues._fields, summaries.JobChangeRow, ("job_id",)),
    ],
)
def test_rows_have_the_columns_of_their_tables(
    fields: tuple[str, ...], table: type[Any], prefix: tuple[str, ...]
) -> None:
    assert [*prefix, *fields] == columns_of(table)


def one(frame: m.FrameResult, attempt: int = 1) -> FrameValues:
    (row,) = rows_of([batch(JOB, [frame], attempt=attempt)]).of(JOB).frames.values()
    return row.frame


FRAME = result(3, random.Random(1), n_lattices=2)


def test_the_attempt_can_be_read_from_a_precedence() -> None:
    assert one(FRAME, attempt=5).precedence >> ATTEMPT_SHIFT == 5


def test_missing_and_infinite_numbers_keep_their_meaning() -> None:
    odd = msgspec.structs.replace(FRAME, solvent_ratio=math.nan, solvent_ratio_cctbx=math.inf)
    row = one(odd)
    assert row.solvent_ratio is None
    assert row.solvent_ratio_cctbx is not None
    assert row.solvent_ratio_cctbx > 1e300


def test_the_blobs_of_a_lattice_come_back() -> None:
    sent = batch(JOB, [FRAME])
    (rows,) = frame_rows(sent, 1, {sent.file: 1})
    said = FRAME.lattices[1]
    assert unpack_shells(rows.lattices[1].shells) == said.shells
    assert unpack_matrix(rows.lattices[1].a_matrix) == said.a_matrix


@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_order_duplicates_and_batches_do_not_matter(shuffle: random.Random, seed: int) -> None:
    rng = random.Random(seed)
    said = [(attempt, result(rng.randrange(8), rng)) for attempt in (1, 1, 2, 1) for _ in range(4)]
    expected = rows_of([batch(JOB, [r], attempt=a) for a, r in said]).of(JOB).frames
    mixed = [*said, *shuffle.sample(said, 5)]
    shuffle.shuffle(mixed)
    again = rows_of([batch(JOB, [r], attempt=a) for a, r in mixed]).of(JOB).frames
    assert _without_times(again) == _without_times(expected)


def _without_times(frames: dict[tuple[int, int], Any]) -> dict[tuple[int, int], Any]:
    return {
        key: (row.frame._replace(read_ms=None, done_us=None), row.lattices)
        for key, row in frames.items()
    }


@pytest.mark.parametrize(
    "bad",
    [
        msgspec.structs.replace(FRAME, n_strong=-1),
        msgspec.structs.replace(FRAME, n_strong=1 << 40),
        msgspec.structs.replace(FRAME, ts_us=1 << 63),
        msgspec.structs.replace(FRAME, lattices=FRAME.lattices * 200),
        msgspec.structs.replace(FRAME, file="/x" * 1000),
        msgspec.structs.replace(
            FRAME, lattices=(msgspec.structs.replace(FRAME.lattices[0], a_matrix=(1.0,)),)
        ),
        msgspec.structs.replace(
            FRAME,
            lattices=(msgspec.structs.replace(FRAME.lattices[0], unit_cell=(math.nan,) * 6),),
        ),
    ],
)
def test_what_no_column_holds_is_a_bad_message_and_leaves_nothing(bad: m.FrameResult) -> None:
    rows = Rows()
    with pytest.raises(m.BadMessageError):
        add(rows, batch(JOB, [FRAME, bad]))
    assert rows == Rows()


def test_an_attempt_beyond_sixteen_bits_is_a_bad_message() -> None:
    with pytest.raises(m.BadMessageError, match="attempt"):
        add(Rows(), batch(JOB, [FRAME], attempt=1 << 16))


def test_a_batch_profile_of_more_frames_wins() -> None:
    mean = np.ones(4, "<f4").tobytes()
    small, large = (
        msgspec.structs.replace(
            batch(JOB, [result(f, random.Random(f)) for f in range(n)]),
            radial_profile=m.RadialProfile(two_theta_step_deg=0.1, mean=mean, n_frames=n),
        )
        for n in (2, 4)
    )
    for order in ([small, large], [large, small]):
        (row,) = rows_of(order).of(JOB).profiles.values()
        assert row.n_frames == 4


def test_every_fact_has_a_place() -> None:
    kinds = (
        m.RunStarted, m.FramesArrived, m.RunEnded, m.JobChanged, m.FramesProcessed,
        m.RatesUpdated, m.AdviceRaised, m.AdviceCleared,
    )  # fmt: skip
    for message in EXAMPLES:
        if isinstance(message, kinds):
            add(Rows(), message)
        else:
            with pytest.raises(m.BadMessageError, match="no table"):
                add(Rows(), message)


def test_runs_and_arrivals_are_kept_in_order() -> None:
    rows = rows_of([started(), arrived(0), arrived(1)])
    assert [run.started_us for run in rows.runs] == [NOW]
    assert [arrival.sequence for arrival in rows.arrivals] == [0, 1]
