"""Frame results as rows of a numpy array: what the statistics need of a frame, in 184 bytes.

Knows how an outcome counts (FIELD, "Rates"); does not know cut-offs, lanes or other rows.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.shells import reachable_cutoffs
from libs.crystallography.resolution import N_SHELLS
from libs.messages import (
    COUNTED,
    SELECTED,
    BadMessageError,
    FrameResult,
    FramesProcessed,
    Outcome,
    Shells,
    precedences,
)

LARGEST = 2**53
"""Of frame numbers and time stamps: what a float64, hence every reader, holds exactly."""

LARGEST_SINGLE = 3.4e38

COUNTS, IS_SELECTED, IS_TRIED, IS_UNREADABLE = 1, 2, 4, 8

ROW = np.dtype(
    [
        ("frame", "<i8"),
        ("ts_us", "<i8"),
        ("precedence", "<i8"),
        ("solvent_ratio", "<f8"),
        ("d_min_contiguous", "<f8"),
        ("d_min_cctbx", "<f8"),
        ("shell_d_min", "<f8"),
        ("n_strong", "<u4"),
        ("n_lattices", "u1"),
        ("flags", "u1"),
        ("spare", "<u2"),
        ("rings", "<f4", (2,)),
        ("offset_px", "<f4", (2,)),
        ("cell", "<f4", (4,)),
        ("contiguous", "<f4", (N_SHELLS,)),
        ("cctbx", "<f4", (N_SHELLS,)),
        ("angles", "<f4", (2,)),
    ]
)
"""NaN: missing. `rings`: mean intensities (low, high). Of the first lattice, zero where there is
none: `offset_px` (observed minus predicted), `cell` (a, b, c in Å, β in degrees), `angles` (α, γ).
`contiguous` and `cctbx`: the I/σ cut-offs up to which each shell is reached (see shells.py); zero,
like `shell_d_min` (Å), where no lattice brought a shell table."""

Rows = npt.NDArray[Any]
"""A structured array of dtype ROW."""

_ALWAYS_TRIED = frozenset({Outcome.CRASHED, Outcome.TIMED_OUT})
OUTCOME_FLAGS = {
    outcome: COUNTS * (outcome in COUNTED)
    | IS_SELECTED * (outcome in SELECTED)
    | IS_TRIED * (outcome in _ALWAYS_TRIED)
    | IS_UNREADABLE * (outcome is Outcome.UNREADABLE)
    for outcome in Outcome
}

_FLAGS_BY_NUMBER = np.array([OUTCOME_FLAGS[outcome] for outcome in Outcome], np.uint8)
_PROCESSED = list(Outcome).index(Outcome.PROCESSED)


class StoredColumns(Protocol):
    """Arrays of equal length; `outcome` counts in the order of libs.messages.Outcome."""

    @property
    def frame(self) -> npt.NDArray[Any]: ...
    @property
    def precedence(self) -> npt.NDArray[Any]: ...
    @property
    def ts_us(self) -> npt.NDArray[Any]: ...
    @property
    def outcome(self) -> npt.NDArray[Any]: ...
    @property
    def n_strong(self) -> npt.NDArray[Any]: ...
    @property
    def indexing_tried(self) -> npt.NDArray[Any]: ...
    @property
    def n_lattices(self) -> npt.NDArray[Any]: ...
    @property
    def solvent_ratio(self) -> npt.NDArray[Any]: ...
    @property
    def d_min_contiguous(self) -> npt.NDArray[Any]: ...
    @property
    def d_min_cctbx(self) -> npt.NDArray[Any]: ...


def rows_of(batch: FramesProcessed) -> Rows:
    """The rows of a message, in its order; raises BadMessageError for values out of range."""
    try:
        return rows_from_results(batch.frames, batch.attempt)
    except (OverflowError, ValueError) as error:
        raise BadMessageError(f"results of job {batch.job} are out of range: {error}") from error


def rows_of_all(batches: Sequence[FramesProcessed]) -> Rows:
    """The rows of several messages, at the cost of one; raises BadMessageError."""
    by_attempt: dict[int, list[FrameResult]] = {}
    for batch in batches:
        by_attempt.setdefault(batch.attempt, []).extend(batch.frames)
    try:
        rows = [rows_from_results(frames, attempt) for attempt, frames in by_attempt.items()]
    except (OverflowError, ValueError) as error:
        raise BadMessageError(f"results are out of range: {error}") from error
    return np.concatenate(rows) if rows else np.zeros(0, ROW)


def rows_from_results(frames: Sequence[FrameResult], attempt: int) -> Rows:
    """The rows of results of one attempt; raises ValueError or OverflowError."""
    rows = np.zeros(len(frames), ROW)
    rows["frame"] = _within_range("frame", [f.frame for f in frames])
    rows["ts_us"] = _within_range("ts_us", [f.ts_us for f in frames])
    rows["precedence"] = precedences(attempt, frames)
    rows["solvent_ratio"] = _floats([f.solvent_ratio for f in frames])
    rows["n_strong"] = np.clip([f.n_strong for f in frames], 0, 2**32 - 1)
    rows["flags"] = [OUTCOME_FLAGS[f.outcome] | IS_TRIED * _was_tried(f) for f in frames]
    rows["d_min_contiguous"] = rows["d_min_cctbx"] = np.nan
    rows["rings"][:, 0] = _single(_floats([f.ring_low for f in frames]))
    rows["rings"][:, 1] = _single(_floats([f.ring_high for f in frames]))
    _add_lattices(rows, [(i, f) for i, f in enumerate(frames) if _is_indexed(f)])
    return rows


def rows_from_columns(columns: StoredColumns) -> Rows:
    """Rows of results that were stored without their shell tables, in the same order."""
    rows = np.zeros(len(columns.frame), ROW)
    processed = columns.outcome == _PROCESSED
    indexed = processed & (columns.n_lattices > 0)
    tried = processed & (columns.indexing_tried | indexed)
    for name in ("frame", "ts_us", "precedence", "solvent_ratio", "n_strong"):
        rows[name] = getattr(columns, name)
    rows["n_lattices"] = np.where(indexed, columns.n_lattices, 0)
    rows["flags"] = _FLAGS_BY_NUMBER[columns.outcome] | np.where(tried, IS_TRIED, 0)
    for name in ("d_min_contiguous", "d_min_cctbx"):
        rows[name] = np.where(indexed, getattr(columns, name), np.nan)
    rows["rings"] = np.nan
    rows["offset_px"][indexed] = np.nan
    return rows


def _within_range(name: str, values: Sequence[int]) -> Sequence[int]:
    if values and not (min(values) >= 0 and max(values) <= LARGEST):
        raise ValueError(f"{name} must be within 0 … {LARGEST}")
    return values


def _is_indexed(frame: FrameResult) -> bool:
    return bool(frame.lattices) and frame.outcome is Outcome.PROCESSED


def _was_tried(frame: FrameResult) -> bool:
    return frame.outcome is Outcome.PROCESSED and (frame.indexing_tried or bool(frame.lattices))


def _floats(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _add_lattices(rows: Rows, indexed: Sequence[tuple[int, FrameResult]]) -> None:
    if not indexed:
        return
    at = [i for i, _ in indexed]
    rows["n_lattices"][at] = [min(len(f.lattices), 255) for _, f in indexed]
    rows["d_min_contiguous"][at] = _floats([f.d_min_contiguous for _, f in indexed])
    rows["d_min_cctbx"][at] = _floats([f.d_min_cctbx for _, f in indexed])
    first = [f.lattices[0] for _, f in indexed]
    rows["offset_px"][at] = _single([one.offset_px or (np.nan, np.nan) for one in first])
    rows["cell"][at] = _single([(*one.unit_cell[:3], one.unit_cell[4]) for one in first])
    rows["angles"][at] = _single([one.unit_cell[3::2] for one in first])
    every = [(i, lattice.shells) for i, f in indexed for lattice in f.lattices]
    _add_shells(rows, [(i, shells) for i, shells in every if shells is not None])


def _single(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Within the range of single precision."""
    return np.clip(np.asarray(values, np.float64), -LARGEST_SINGLE, LARGEST_SINGLE)


def rows_of_tables(tables: Sequence[tuple[int, int, Shells]]) -> Rows:
    """Rows that hold nothing but stored shell tables, by frame and precedence; one for each result.

    Raises ValueError for a table that has not ten shells.
    """
    results = [(frame, precedence) for frame, precedence, _ in tables]
    places = {result: i for i, result in enumerate(dict.fromkeys(results))}
    rows = np.zeros(len(places), ROW)
    for name, values in zip(("frame", "precedence"), zip(*places, strict=True), strict=False):
        rows[name] = values
    owners = [places[result] for result in results]
    order = np.argsort(owners, kind="stable").tolist()
    _add_shells(rows, [(owners[i], tables[i][2]) for i in order])
    return rows


def _add_shells(rows: Rows, tables: Sequence[tuple[int, Shells]]) -> None:
    """Of each row the best of its tables, which stand together."""
    if not tables:
        return
    owners = np.array([i for i, _ in tables])
    contiguous, cctbx = reachable_cutoffs([shells for _, shells in tables])
    at, first = np.unique(owners, return_index=True)
    rows["shell_d_min"][at] = [tables[i][1].d_min_angstrom for i in first]
    rows["contiguous"][at] = np.maximum.reduceat(contiguous, first, axis=0)
    rows["cctbx"][at] = np.maximum.reduceat(cctbx, first, axis=0)
