"""Frames to tallies: what advice needs of the frames of one second of event time, as integers.

Integers add up to the same sums in whatever order, so that advice depends on the frames alone.
Does not decide anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Any

import numpy as np
import numpy.typing as npt

from libs.crystallography.advice.reference import EDGES, Reference, deviations
from libs.crystallography.rates.classes import (
    HIGH_QUALITY,
    HIT,
    INDEXED,
    KNOWN,
    MULTI_LATTICE,
    PROCESSED,
    SELECTED,
    SOLVENT,
    UNREADABLE,
    Bits,
)
from libs.crystallography.rates.rows import Rows
from libs.messages import Cutoffs
from libs.messages.units import US_PER_SECOND

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
MOST_SPOTS = 100_000
"""A frame counts with at most so many spots: sums stay within 64 bits."""


class T(IntEnum):
    """The columns of a tally."""

    KNOWN = 0
    UNREADABLE = auto()
    PROCESSED = auto()
    RINGS = auto()
    """Processed frames whose solvent ratio or rings are known."""
    SOLVENT = auto()
    HITS = auto()
    SOLVENT_HITS = auto()
    INDEXED = auto()
    MULTI_LATTICE = auto()
    HIGH_QUALITY = auto()
    SELECTED = auto()
    SELECTED_HITS = auto()
    INDEXED_HITS = auto()
    NO_SPOTS = auto()
    FAINT = auto()
    """Frames with half as many spots as a hit needs, or more, that are none."""
    FAINT_SELECTED = auto()
    FAINT_INDEXED = auto()
    SPOTS_OF_INDEXED = auto()
    SPOTS_OF_OTHERS = auto()
    MEASURED = auto()
    """Indexed frames whose cell and offset are compared with the reference."""
    FAST = auto()
    SLOW = auto()
    A = auto()
    B = auto()
    C = auto()
    FAST_SQUARED = auto()
    SLOW_SQUARED = auto()
    A_SQUARED = auto()
    B_SQUARED = auto()
    C_SQUARED = auto()


DEVIATIONS = (T.FAST, T.SLOW, T.A, T.B, T.C)
SQUARES = (T.FAST_SQUARED, T.SLOW_SQUARED, T.A_SQUARED, T.B_SQUARED, T.C_SQUARED)
assert len(DEVIATIONS) == 2 + EDGES  # noqa: S101 (a fact of this table, not of its input)


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """One row for each second that has frames, in order of time."""

    second: IntArray
    """Event time, s since 1970 UTC."""
    sums: IntArray
    """[n, len(T)]"""
    rings: FloatArray
    """[n, 2]: medians of the rings (low, high) over the processed frames, NaN where unknown."""


def tally(rows: Rows, bits: Bits, cutoffs: Cutoffs, reference: Reference | None) -> Tallies:
    """The tallies of rows in any order; rows without a result that counts leave no trace."""
    keep = (bits & KNOWN) > 0
    rows, bits = rows[keep], bits[keep]
    order = np.argsort(rows["ts_us"], kind="stable")
    rows, bits = rows[order], bits[order]
    seconds = rows["ts_us"] // US_PER_SECOND
    second, first = np.unique(seconds, return_index=True)
    sums = np.zeros((len(second), len(T)), np.int64)
    if len(first):
        for column, values in _facts(rows, bits, cutoffs, reference):
            np.add.reduceat(values, first, dtype=np.int64, out=sums[:, column])
    return Tallies(second=second, sums=sums, rings=_ring_medians(rows, bits, seconds, second))


def _facts(
    rows: Rows, bits: Bits, cutoffs: Cutoffs, reference: Reference | None
) -> Iterator[tuple[T, npt.NDArray[Any]]]:
    """A number for each row (bool or int64 [n]), column by column."""

    def has(*wanted: int) -> BoolArray:
        pattern = sum(wanted)
        found: BoolArray = (bits & pattern) == pattern
        return found

    spots = np.minimum(rows["n_strong"].astype(np.int64), MOST_SPOTS)
    processed, indexed, hits = has(PROCESSED), has(INDEXED), has(HIT)
    faint = processed & (2 * spots >= cutoffs.hit) & ~hits
    yield T.KNOWN, np.ones(len(rows), np.bool_)
    yield T.UNREADABLE, has(UNREADABLE)
    yield T.PROCESSED, processed
    yield T.RINGS, processed & (~np.isnan(rows["solvent_ratio"]) | _has_rings(rows))
    yield T.SOLVENT, has(SOLVENT)
    yield T.HITS, hits
    yield T.SOLVENT_HITS, has(HIT, SOLVENT)
    yield T.INDEXED, indexed
    yield T.MULTI_LATTICE, has(MULTI_LATTICE)
    yield T.HIGH_QUALITY, has(HIGH_QUALITY)
    yield T.SELECTED, has(SELECTED)
    yield T.SELECTED_HITS, has(HIT, SELECTED)
    yield T.INDEXED_HITS, has(HIT, SELECTED, INDEXED)
    yield T.NO_SPOTS, processed & (spots == 0)
    yield T.FAINT, faint
    yield T.FAINT_SELECTED, faint & has(SELECTED)
    yield T.FAINT_INDEXED, faint & indexed
    yield T.SPOTS_OF_INDEXED, np.where(has(HIT, SELECTED, INDEXED), spots, 0)
    yield T.SPOTS_OF_OTHERS, np.where(has(HIT, SELECTED) & ~indexed, spots, 0)
    if reference is not None:
        yield from _deviations(rows, indexed, reference)


def _deviations(
    rows: Rows, indexed: BoolArray, reference: Reference
) -> Iterator[tuple[T, npt.NDArray[Any]]]:
    yield T.MEASURED, indexed
    found = np.zeros((len(DEVIATIONS), len(rows)), np.int64)
    found[:, indexed] = deviations(rows[indexed], reference).T
    for mean, square, values in zip(DEVIATIONS, SQUARES, found, strict=True):
        yield mean, values
        yield square, values * values


def _has_rings(rows: Rows) -> BoolArray:
    known: BoolArray = ~np.isnan(rows["rings"]).any(axis=1)
    return known


def _ring_medians(rows: Rows, bits: Bits, seconds: IntArray, second: IntArray) -> FloatArray:
    medians = np.full((len(second), 2), np.nan)
    use = ((bits & PROCESSED) > 0) & _has_rings(rows)
    if not use.any():
        return medians
    at, first, n = np.unique(seconds[use], return_index=True, return_counts=True)
    where = np.searchsorted(second, at)
    for ring in range(2):
        values = rows["rings"][use, ring].astype(np.float64)
        ordered = values[np.lexsort((values, seconds[use]))]
        medians[where, ring] = ordered[first + (n - 1) // 2]
    return medians
