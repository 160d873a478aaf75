"""Crystals that got worse, and a cell or beam centre that moved, against what the run has shown."""

import numpy as np

from libs.crystallography.advice.bounds import lower, share, upper
from libs.crystallography.advice.reference import CELL_UNIT, PX_UNIT
from libs.crystallography.advice.tallies import DEVIATIONS, SQUARES, FloatArray, IntArray, T
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import LONG_S, SHORT_S, Signal, View

MUCH_WORSE, WORSE, GOOD_AGAIN = 0.7, 0.8, 0.85
"""Of the best high-quality rate that the run has certainly reached in a minute."""
LEAST_LOSS = 0.1
MOVED_PX, BACK_PX = 0.5, 0.3
MOVED_CELL, BACK_CELL = 0.005, 0.003
"""Relative change of a cell edge."""
AT_LEAST_MEASURED = 40
UNITS = np.array([PX_UNIT] * 2 + [CELL_UNIT] * 3)


def best_quality(timeline: Timeline) -> FloatArray:
    """For every second, the best high-quality rate that was certain in a minute up to then."""
    minute = timeline.window(np.arange(len(timeline)), LONG_S)
    reached = lower(minute[:, T.HIGH_QUALITY], minute[:, T.INDEXED], 3.0)
    best: FloatArray = np.maximum.accumulate(reached)
    return best


def crystals_degrade(view: View) -> Signal:
    """The high-quality rate fell well below the best that it was."""
    best = best_quality(view.timeline)[view.at]
    now, long = view.present, view.last(LONG_S)
    much = (_upper(now, 3.5) < MUCH_WORSE * best) & (_rate(now) < best - LEAST_LOSS)
    lasting = (_upper(long, 4.0) < WORSE * best) & (_rate(long) < best - LEAST_LOSS)
    raises = (now[:, T.INDEXED] >= 30) & much | (long[:, T.INDEXED] >= 100) & lasting
    again = view.share(SHORT_S, T.HIGH_QUALITY, T.INDEXED, 20) > GOOD_AGAIN * best
    return Signal(raises=raises, clears=again)


def geometry_drifted(view: View) -> Signal:
    """Cell or spot offsets moved away from those that the run began with."""
    mean, error = mean_deviations(view.present)
    limits = np.array([MOVED_PX] * 2 + [MOVED_CELL] * 3)
    moved = ((np.abs(mean) > limits) & (np.abs(mean) > 6 * error)).any(axis=1)
    mean, _ = mean_deviations(view.recent(10))
    back = (np.abs(mean) < np.array([BACK_PX] * 2 + [BACK_CELL] * 3)).all(axis=1)
    enough = view.present[:, T.MEASURED] >= AT_LEAST_MEASURED
    return Signal(raises=moved & enough, clears=back & (view.recent(10)[:, T.MEASURED] >= 20))


def mean_deviations(sums: IntArray) -> tuple[FloatArray, FloatArray]:
    """[n, 5] means and their standard errors: pixels (fast, slow), ln(a, b, c); NaN without."""
    n = sums[:, [T.MEASURED]]
    mean = share(sums[:, DEVIATIONS], np.broadcast_to(n, (len(n), len(DEVIATIONS))))
    squares = share(sums[:, SQUARES], np.broadcast_to(n, (len(n), len(SQUARES))))
    variance = np.maximum(squares - mean * mean, 1.0)
    return mean * UNITS, np.sqrt(variance / np.maximum(n, 1)) * UNITS


def _upper(sums: IntArray, z: float) -> FloatArray:
    return upper(sums[:, T.HIGH_QUALITY], sums[:, T.INDEXED], z)


def _rate(sums: IntArray) -> FloatArray:
    return share(sums[:, T.HIGH_QUALITY], sums[:, T.INDEXED])
