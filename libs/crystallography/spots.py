"""Spot positions: observed against predicted. Pure numpy."""

import numpy as np
from numpy.typing import ArrayLike


def rmsd_px(observed: ArrayLike, predicted: ArrayLike) -> float | None:
    """Root mean square distance (pixels) of positions [n, 2]; None for n = 0."""
    difference = np.asarray(observed, dtype=np.float64) - np.asarray(predicted, dtype=np.float64)
    if difference.size == 0:
        return None
    return float(np.sqrt((difference**2).sum(axis=1).mean()))


def offset_px(observed: ArrayLike, predicted: ArrayLike) -> tuple[float, float] | None:
    """Mean observed minus predicted position (fast, slow) of positions [n, 2]; None for n = 0."""
    difference = np.asarray(observed, dtype=np.float64) - np.asarray(predicted, dtype=np.float64)
    if difference.size == 0:
        return None
    fast, slow = difference.mean(axis=0)
    return float(fast), float(slow)
