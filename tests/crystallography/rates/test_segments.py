"""Checkpoint segments: only what changed, and the same columns again."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.crystallography.rates import (
    ROW,
    SEGMENT_ROWS,
    FrameColumns,
    Rows,
    rows_from_columns,
    rows_from_results,
    rows_of,
)
from libs.messages import FrameResult, Outcome, precedence
from tests.crystallography.rates.builders import batch, result
from tests.crystallography.rates.strategies import ATTEMPTED


def filled(n: int) -> FrameColumns:
    columns = FrameColumns()
    frames = [result(i, n_lattices=i % 3, n_strong=i) for i in range(n)]
    for start in range(0, n, 500):
        columns.upsert(batch(frames[start : start + 500]))
    return columns


def stored(columns: FrameColumns) -> list[bytes]:
    return [columns.segment(number) for number in range(columns.n_segments)]


@given(st.lists(ATTEMPTED, max_size=50))
@settings(max_examples=50, deadline=None)
def test_segments_bring_the_same_rows_back(results: list) -> None:
    columns = FrameColumns()
    for attempt, frame in results:
        columns.upsert(batch([frame], attempt))
    again = FrameColumns.restored(stored(columns))
    assert again.rows.tobytes() == columns.rows.tobytes()
    assert again.attempt == columns.attempt
    assert again.dirty_segments() == ()


def test_only_segments_that_changed_are_dirty() -> None:
    columns = filled(3 * SEGMENT_ROWS + 5)
    assert columns.dirty_segments() == (0, 1, 2, 3)
    columns.upsert(batch([result(SEGMENT_ROWS + 7)], attempt=2))
    columns.upsert(batch([result(3, n_lattices=0, n_strong=3)]))
    assert columns.dirty_segments() == (1,)
    assert columns.dirty_segments() == ()


def test_a_segment_that_is_newer_than_its_manifest_does_no_harm() -> None:
    columns = filled(SEGMENT_ROWS + 100)
    older = stored(columns)
    late = batch([result(3, n_strong=500), result(90_000)], attempt=2)
    columns.upsert(late)
    again = FrameColumns.restored([older[0], columns.segment(1)])
    again.upsert(late)
    assert again.rows.tobytes() == columns.rows.tobytes()


def test_segments_that_overlap_are_taken_frame_by_frame_and_written_anew() -> None:
    columns = filled(SEGMENT_ROWS + 100)
    raw = stored(columns)
    again = FrameColumns.restored([raw[0], raw[0], raw[1]])
    assert len(again) == len(columns)
    assert again.dirty_segments() == (0, 1)


def test_a_segment_is_far_below_the_limit_of_a_record() -> None:
    columns = filled(SEGMENT_ROWS)
    assert len(columns.segment(0)) < 256 * 1024


def test_segments_of_the_version_before_are_read_without_what_they_lack() -> None:
    """It had no angles, the last 8 bytes of an indexed frame."""
    columns = filled(300)
    n_indexed = int((columns.rows["n_lattices"] > 0).sum())
    new = columns.segment(0)
    heads, tails = new[4 : -112 * n_indexed], np.frombuffer(new[-112 * n_indexed :], np.uint8)
    old = b"SLR2" + heads + tails.reshape(n_indexed, 112)[:, :104].tobytes()
    again = FrameColumns.restored([old])
    names = [name for name in ROW.names or () if name != "angles"]
    assert _texts(again.rows, names) == _texts(columns.rows, names)
    assert not again.rows["angles"].any()


@pytest.mark.parametrize(
    "raw",
    [b"", b"nonsense", b"SLR3\xff\xff\x00\x00", b"SLR3\x01", b"SLR2\xff\xff\x00\x00", b"SLR2\x01"],
)
def test_damaged_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        FrameColumns.restored([raw])


def test_stamps_tell_what_changed_since() -> None:
    columns = filled(10)
    columns.stamp = 5
    columns.upsert(batch([result(2)], attempt=2))
    columns.upsert(batch([result(40)]))
    changed = columns.rows["frame"][columns.stamps >= 5]
    assert np.array_equal(np.sort(changed), [2, 40])
    assert columns.find(40) == 10
    assert columns.find(41) == -1


def test_rows_of_a_message_keep_its_order() -> None:
    rows = rows_of(batch([result(9), result(4)]))
    assert rows["frame"].tolist() == [9, 4]


@given(st.lists(ATTEMPTED, max_size=30))
@settings(max_examples=50, deadline=None)
def test_rows_from_the_database_equal_rows_from_messages(results: list) -> None:
    for attempt, frame in results:
        message = rows_from_results([frame], attempt)
        stored = rows_from_columns(_as_stored(frame, attempt))
        names = [name for name in ROW.names or () if name not in NOT_STORED]
        np.testing.assert_array_equal(_texts(message, names), _texts(stored, names))


def _texts(rows: Rows, names: list[str]) -> list[str]:
    return [f"{name} {rows[name].tolist()}" for name in names]


NOT_STORED = ("shell_d_min", "contiguous", "cctbx", "rings", "offset_px", "cell", "angles")


def _as_stored(frame: FrameResult, attempt: int) -> SimpleNamespace:
    """One frame as the database keeps it."""
    columns = {
        "precedence": precedence(attempt, frame),
        "outcome": list(Outcome).index(frame.outcome),
        "n_lattices": len(frame.lattices),
    }
    for name in ("frame", "ts_us", "n_strong", "indexing_tried"):
        columns[name] = getattr(frame, name)
    for name in ("solvent_ratio", "d_min_contiguous", "d_min_cctbx"):
        value = getattr(frame, name)
        columns[name] = np.nan if value is None else value
    return SimpleNamespace(**{name: np.array([value]) for name, value in columns.items()})
