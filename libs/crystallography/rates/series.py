"""The moving rates of the run-stats plot: FIELD, "Run-stats windows".

Equal, number for number, to cctbx.xfel's `get_run_stats` (xfel/ui/components/run_stats_plotter.py)
for the same frames when every one was selected for indexing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.classes import (
    HIGH_QUALITY,
    INDEXED,
    MULTI_LATTICE,
    SELECTED,
    SOLVENT,
    Bits,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
HALF_HIGH_QUALITY = 500


@dataclass(frozen=True, kw_only=True)
class RunStatsSeries:
    """Fractions of 1, float64 [n], for the processed frames (int64 [n]) in frame order.

    NaN: no frame of the window was selected for indexing.
    """

    frame: IntArray
    solvent_rate: FloatArray
    indexing_rate: FloatArray
    multi_lattice_rate: FloatArray
    high_quality_rate: FloatArray


def half_window(n: int) -> int:
    """Half the width of the moving window over n frames."""
    return min(50, max(n // 20, 1))


def run_stats(frame: IntArray, bits: Bits) -> RunStatsSeries:
    """The series of n processed frames in frame order, from their classes (uint16 [n])."""
    n = len(bits)
    half = half_window(n)
    selected = _moving_count(bits, SELECTED, half)
    indexed = _moving_count(bits, INDEXED, HALF_HIGH_QUALITY)
    quality = _moving_count(bits, HIGH_QUALITY, HALF_HIGH_QUALITY)
    position = np.arange(n)
    width = np.minimum(position + half, n) - np.maximum(position - half, 0)
    return RunStatsSeries(
        frame=frame,
        solvent_rate=_ratio(_moving_count(bits, SOLVENT, half), width, np.nan),
        indexing_rate=_ratio(_moving_count(bits, INDEXED, half), selected, np.nan),
        multi_lattice_rate=_ratio(_moving_count(bits, MULTI_LATTICE, half), selected, np.nan),
        high_quality_rate=_ratio(quality, indexed, 0.0),
    )


def _moving_count(bits: Bits, wanted: int, half: int) -> IntArray:
    n = len(bits)
    total = np.zeros(n + 1, np.int64)
    np.cumsum((bits & wanted) > 0, out=total[1:])
    position = np.arange(n)
    inside: IntArray = total[np.minimum(position + half, n)] - total[np.maximum(position - half, 0)]
    return inside


def _ratio(numerator: IntArray, denominator: IntArray, without: float) -> FloatArray:
    result = np.full(len(numerator), without)
    return np.divide(numerator, denominator, out=result, where=denominator > 0)
