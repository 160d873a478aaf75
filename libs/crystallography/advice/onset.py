"""Since when: the second in which a rate most likely changed, before a cause was certain."""

from typing import Any

import numpy as np
import numpy.typing as npt

from libs.crystallography.advice.causes import Cause
from libs.crystallography.advice.tallies import FloatArray, T
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import LONG_S

RATE_OF: dict[Cause, tuple[T, T]] = {
    Cause.NO_BEAM: (T.SOLVENT, T.PROCESSED),
    Cause.NO_JET: (T.SOLVENT, T.RINGS),
    Cause.NO_CRYSTALS: (T.SOLVENT_HITS, T.SOLVENT),
    Cause.TOO_STRICT: (T.NO_SPOTS, T.PROCESSED),
    Cause.NOISE: (T.FAINT, T.PROCESSED),
    Cause.TOO_DILUTE: (T.SOLVENT_HITS, T.SOLVENT),
    Cause.TOO_DENSE: (T.SOLVENT_HITS, T.SOLVENT),
    Cause.INDEXING: (T.INDEXED_HITS, T.SELECTED_HITS),
    Cause.DEGRADED: (T.HIGH_QUALITY, T.INDEXED),
    Cause.MISSING: (T.UNREADABLE, T.KNOWN),
}
"""The rate that tells of a cause: numerator and denominator."""
CERTAIN = 10.0
"""Logarithm of the likelihood ratio from which there was a change."""
USUAL_DELAY_S = 8


def onset(timeline: Timeline, cause: Cause, position: int) -> int:
    """The position of the first second after the change, at most a minute back.

    Maximum likelihood for one change of a binomial rate. Without a certain change: the beginning of
    the window that showed the cause.
    """
    at = np.array([position])
    first = int(timeline.first_within(at, LONG_S)[0])
    usual = int(timeline.first_within(at, USUAL_DELAY_S)[0])
    if cause not in RATE_OF or position <= first:
        return usual
    numerator, denominator = RATE_OF[cause]
    sums = timeline.cumulated()[first : position + 2]
    k, n = (sums[:, column] - sums[0, column] for column in (numerator, denominator))
    gain = _log_likelihood(k, n) + _log_likelihood(k[-1] - k, n[-1] - n)
    best = int(np.argmax(gain))
    if gain[best] - gain[0] < CERTAIN:
        return usual
    return first + best


def _log_likelihood(k: npt.NDArray[Any], n: npt.NDArray[Any]) -> FloatArray:
    """Of k successes in n trials at the rate k / n; 0 without trials."""
    p = np.divide(k, n, out=np.zeros(len(n)), where=n > 0)
    return _x_log(k, p) + _x_log(n - k, 1.0 - p)


def _x_log(x: npt.NDArray[Any], p: FloatArray) -> FloatArray:
    return np.where(x > 0, x * np.log(np.where(x > 0, p, 1.0)), 0.0)
