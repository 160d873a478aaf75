"""How well a job's own lane agrees with the reference lane on the frames that went through both.

Pure; the columns hold one result per frame and lane, so neither order nor repetition matters. Costs
the number of reference results, not that of the job's frames.
"""

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates import JobStatistics, Rows, rate
from libs.crystallography.rates.classes import INDEXED, KNOWN, SELECTED, resolution_of
from libs.messages import Agreement, Difference, Lane

FloatArray = npt.NDArray[np.float64]
EDGES = 3
REFERENCE_LANE = Lane.DIALS
"""Whose results of a random sample the other lanes are compared with."""


def agreement_of(own: JobStatistics, reference: JobStatistics) -> Agreement | None:
    """The agreement under the rules of each (own minus reference); None without a common frame.

    Frames that either lane only screened, or could not read, are left out.
    """
    theirs = np.flatnonzero(_counts(reference))
    ours = own.columns.find_all(reference.columns.rows["frame"][theirs])
    common = ours >= 0
    common[common] = _counts(own)[ours[common]]
    ours, theirs = ours[common], theirs[common]
    if len(ours) == 0:
        return None
    return _compared(own, ours, reference, theirs)


def _counts(statistics: JobStatistics) -> npt.NDArray[np.bool_]:
    wanted = KNOWN | SELECTED
    counts: npt.NDArray[np.bool_] = (statistics.bits & wanted) == wanted
    return counts


def _compared(
    own: JobStatistics,
    ours: npt.NDArray[np.int64],
    reference: JobStatistics,
    theirs: npt.NDArray[np.int64],
) -> Agreement:
    a, b = own.columns.rows[ours], reference.columns.rows[theirs]
    by_a, by_b = (own.bits[ours] & INDEXED) > 0, (reference.bits[theirs] & INDEXED) > 0
    both, neither = by_a & by_b, ~by_a & ~by_b
    return Agreement(
        agreement=rate(int(both.sum() + neither.sum()), len(ours)),
        n_indexed_by_both=int(both.sum()),
        n_indexed_by_neither=int(neither.sum()),
        n_indexed_by_own=int((by_a & ~by_b).sum()),
        n_indexed_by_reference=int((~by_a & by_b).sum()),
        n_strong=_difference(a["n_strong"].astype(np.float64) - b["n_strong"]),
        cell_percent=_difference(_cell_percent(a[both], b[both])),
        d_min_angstrom=_difference(
            resolution_of(a, own.rules)[both] - resolution_of(b, reference.rules)[both]
        ),
    )


def _cell_percent(own: Rows, reference: Rows) -> FloatArray:
    """Of the edge that differs most, with its sign; NaN where an edge is not known."""
    edges, known = own["cell"][:, :EDGES], reference["cell"][:, :EDGES]
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = 100.0 * (edges.astype(np.float64) / known - 1.0)
    percent[(edges <= 0).any(axis=1) | (known <= 0).any(axis=1)] = np.nan
    if len(percent) == 0:
        return np.empty(0)
    worst = np.argmax(np.abs(percent), axis=1)
    result: FloatArray = np.take_along_axis(percent, worst[:, np.newaxis], axis=1)[:, 0]
    return result


def _difference(values: FloatArray) -> Difference:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Difference(n=0)
    low, median, high = np.percentile(known, [5, 50, 95]).tolist()
    return Difference(n=len(known), median=median, low=low, high=high)
