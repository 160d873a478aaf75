"""Two results of the same frames (trials or lanes of a run), frame by frame. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates import JobStatistics, Rows
from libs.crystallography.rates.classes import INDEXED, KNOWN, Bits, resolution_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Second minus first over n frames: median, and the range of the middle 90 %."""

    n: int
    median: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Frame numbers, and differences (second minus first) where both have a value."""

    n_compared: int
    only_first: tuple[int, ...]
    """Frames without a second result."""
    only_second: tuple[int, ...]
    n_indexed_by_both: int
    n_indexed_by_neither: int
    indexed_by_first: tuple[int, ...]
    """Frames that only the first one indexes."""
    indexed_by_second: tuple[int, ...]
    n_same_lattices: int
    """Of the frames that both index, those with equally many lattices."""
    n_strong: Spread
    d_min_angstrom: Spread
    cell_percent: tuple[Spread, Spread, Spread]
    """Edges a, b, c of the first lattice."""

    @property
    def agreement(self) -> float | None:
        """Fraction of frames on which both agree whether they index."""
        if self.n_compared == 0:
            return None
        return (self.n_indexed_by_both + self.n_indexed_by_neither) / self.n_compared


@dataclass(frozen=True, kw_only=True)
class _Side:
    rows: Rows
    bits: Bits
    d_min: FloatArray


def compare(first: JobStatistics, second: JobStatistics) -> Comparison:
    """The comparison under the rules of each; frames without a result that counts are left out."""
    a, b = _side(first), _side(second)
    common = np.intersect1d(a.rows["frame"], b.rows["frame"])
    only_first = np.setdiff1d(a.rows["frame"], common)
    only_second = np.setdiff1d(b.rows["frame"], common)
    a, b = _picked(a, common), _picked(b, common)
    by_a, by_b = (a.bits & INDEXED) > 0, (b.bits & INDEXED) > 0
    both = by_a & by_b
    cells = 100 * (b.rows["cell"][both] / _known(a.rows["cell"][both]) - 1)
    edges = [_spread(cells[:, edge].astype(np.float64)) for edge in range(3)]
    return Comparison(
        n_compared=len(common),
        only_first=_numbers(only_first),
        only_second=_numbers(only_second),
        n_indexed_by_both=int(both.sum()),
        n_indexed_by_neither=int((~by_a & ~by_b).sum()),
        indexed_by_first=_numbers(common[by_a & ~by_b]),
        indexed_by_second=_numbers(common[by_b & ~by_a]),
        n_same_lattices=int((a.rows["n_lattices"] == b.rows["n_lattices"])[both].sum()),
        n_strong=_spread(b.rows["n_strong"].astype(np.float64) - a.rows["n_strong"]),
        d_min_angstrom=_spread(b.d_min - a.d_min),
        cell_percent=(edges[0], edges[1], edges[2]),
    )


def _side(statistics: JobStatistics) -> _Side:
    order = statistics.columns.order()
    order = order[(statistics.bits[order] & KNOWN) > 0]
    rows = statistics.columns.rows[order]
    return _Side(
        rows=rows, bits=statistics.bits[order], d_min=resolution_of(rows, statistics.rules)
    )


def _picked(side: _Side, frames: IntArray) -> _Side:
    at = np.searchsorted(side.rows["frame"], frames)
    return _Side(rows=side.rows[at], bits=side.bits[at], d_min=side.d_min[at])


def _known(edges: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.where(edges > 0, edges, np.float32(np.nan))


def _spread(differences: FloatArray) -> Spread:
    known = differences[np.isfinite(differences)]
    if len(known) == 0:
        return Spread(n=0)
    low, median, high = np.percentile(known, [5, 50, 95]).tolist()
    return Spread(n=len(known), median=median, low=low, high=high)


def _numbers(frames: IntArray) -> tuple[int, ...]:
    return tuple(frames.tolist())
