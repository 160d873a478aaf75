"""Whether a lattice is more than chance: inliers at several radii against a calibrated curve.

A random point lies within r of a whole index with probability 4/3 π r³ (in units of the reciprocal
cell). The search tries many orientations, so that even noise has inliers: the number of trials that
explains what scrambled spots reach was calibrated (docs/decisions; tests/crystallography/fast/
test_evidence.py repeats it). Small radii use the rms, large ones the number of inliers.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.float64]

RADII = np.array([0.06, 0.08, 0.10, 0.125, 0.16, 0.20, 0.25])
CHANCE = 4.0 / 3.0 * np.pi * RADII**3
CEILING = 300.0
LIMIT = 13.0
"""Decades of improbability that noise does not reach."""


def evidence(distances: Floats) -> float:
    """−log10 of the smallest chance probability over the radii.

    `distances` of all n spots from their nearest index, infinite where that is 0 0 0.
    """
    n_inliers = (distances[None, :] < RADII[:, None]).sum(axis=1)
    tails = binom.logsf(n_inliers - 1, len(distances), CHANCE) / np.log(10.0)
    return float(min(-tails.min(), CEILING))
