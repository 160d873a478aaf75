"""Wilson's interval for arrays of counts, at any certainty; without trials it is [0, 1]."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]


def lower(k: Counts, n: Counts, z: float) -> FloatArray:
    """The lower Wilson bound of k successes in n trials, z standard deviations away."""
    centre, half, scale = _terms(k, n, z)
    return np.where((n == 0) | (k == 0), 0.0, np.maximum(0.0, (centre - half) / scale))


def upper(k: Counts, n: Counts, z: float) -> FloatArray:
    """The upper Wilson bound."""
    centre, half, scale = _terms(k, n, z)
    return np.where((n == 0) | (k == n), 1.0, np.minimum(1.0, (centre + half) / scale))


def share(k: Counts, n: Counts) -> FloatArray:
    """k / n, NaN without trials."""
    result = np.full(np.shape(n), np.nan)
    return np.divide(k, n, out=result, where=np.asarray(n) > 0)


def _terms(k: Counts, n: Counts, z: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    trials = np.maximum(n, 1).astype(np.float64)
    p, z2 = k / trials, z * z
    half = z * np.sqrt(np.maximum(p * (1 - p), 0) / trials + z2 / (4 * trials * trials))
    return p + z2 / (2 * trials), half, 1 + z2 / trials
