"""Whether a lattice is more than chance, and right in all three directions.

A random point lies within r of a whole index with probability 4/3 π r³ (in units of the reciprocal
cell). The search tries many orientations, so that even noise has inliers: LIMIT is what scrambled
azimuths do not reach (tests/crystallography/fast/test_evidence.py repeats the calibration). Small
radii judge the rms, large ones the number of inliers.

A wrong cell can share planes or rows with the true one and then has far more inliers than chance;
its third direction is random, or nearly fits where the edges have a simple ratio (8:7). So each
direction must show more than chance among the points that fit the others, in whatever order they
are taken. Where that is not overwhelming (few spots), most of the points that fit two directions
must fit the third; with many spots that need not be, for split crystals have rows of satellites.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.float64]

RADII = np.array([0.06, 0.08, 0.10, 0.125, 0.16, 0.20, 0.25])
CHANCE = 4.0 / 3.0 * np.pi * RADII**3
HALF_WIDTHS = np.array([0.06, 0.10, 0.15, 0.20])
ORDERS = tuple(itertools.permutations(range(3)))
PAIRS = tuple(itertools.combinations(range(3), 2))
CEILING = 300.0
LIMIT = 13.0
"""Decades of improbability that noise does not reach."""
DIRECTION_LIMIT = 8.5
"""The same for the weakest direction. Noise reaches 3, wrong cells 7."""
FAIR_DIRECTION_LIMIT = 5.0
"""Enough where the points that fit two directions fit the third as well:"""
SHARE_HALF_WIDTH = 0.125
SHARE_LIMIT = 0.65
"""True lattices with few spots show 0.75 and more, junk and a wrong header included; wrong cells
beyond FAIR_DIRECTION_LIMIT at most 0.5."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How far a lattice is from chance: decades, those of the weakest direction, its share."""

    decades: float
    weakest: float
    share: float

    @property
    def accepted(self) -> bool:
        fair = self.weakest >= FAIR_DIRECTION_LIMIT and self.share >= SHARE_LIMIT
        return self.decades >= LIMIT and (fair or self.weakest >= DIRECTION_LIMIT)

    def __str__(self) -> str:
        return (
            f"evidence {self.decades:.1f}, {LIMIT:.1f} is needed; weakest direction "
            f"{self.weakest:.1f}, {DIRECTION_LIMIT:.1f} is needed, or {FAIR_DIRECTION_LIMIT:.1f} "
            f"with a share of {SHARE_LIMIT} ({self.share:.2f})"
        )


def verdict(basis: Floats, q: Floats, distances: Floats) -> Verdict:
    """Of a basis (rows, Å) and points q [n, 3] (1/Å) at `distances` from their nearest index."""
    return Verdict(
        decades=evidence(distances),
        weakest=weakest_direction(basis, q),
        share=weakest_share(basis, q),
    )


def evidence(distances: Floats) -> float:
    """−log10 of the smallest chance probability over the radii.

    `distances` of all n spots from their nearest index, infinite where that is 0 0 0.
    """
    n_inliers = (distances[None, :] < RADII[:, None]).sum(axis=1)
    return float(_decades(n_inliers, np.full(len(RADII), len(distances)), CHANCE).max())


def weakest_direction(basis: Floats, q: Floats) -> float:
    """−log10 of the chance probability of the least certain direction, at its best width.

    `basis` rows in Å, `q` [n, 3] in 1/Å.
    """
    fractional = q @ basis.T
    near = np.abs(fractional - np.rint(fractional))[None] < HALF_WIDTHS[:, None, None]
    numbers, totals = [], []
    for order in ORDERS:
        kept = np.ones(near.shape[:2], bool)
        for axis in order:
            totals.append(kept.sum(axis=1))
            kept = kept & near[:, :, axis]
            numbers.append(kept.sum(axis=1))
    decades = _decades(np.array(numbers), np.array(totals), 2.0 * HALF_WIDTHS[None])
    return float(decades.min(axis=0).max())


def weakest_share(basis: Floats, q: Floats) -> float:
    """Of the points that fit two directions, how many fit the third; of the worst one.

    Arguments as of `weakest_direction`.
    """
    fractional = q @ basis.T
    near = np.abs(fractional - np.rint(fractional)) < SHARE_HALF_WIDTH
    n_all = int(near.all(axis=1).sum())
    n_pairs = max(int(near[:, list(pair)].all(axis=1).sum()) for pair in PAIRS)
    return n_all / max(n_pairs, 1)


def _decades(n_inliers: NDArray[np.int64], n: NDArray[np.int64], chance: Floats) -> Floats:
    decades: Floats = -binom.logsf(n_inliers - 1, n, chance) / np.log(10.0)
    return np.minimum(decades, CEILING)
