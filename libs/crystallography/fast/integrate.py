"""Summation integration of predicted reflections, and the beam divergence that sizes the regions.

The counterpart of DIALS's `gaussian_rs` profile size and summation for stills: no profile fitting,
no correction of any kind.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.pixels import PixelLayout
from libs.crystallography.fast.predict import Predictions
from libs.crystallography.fast.region_kernel import regions
from libs.crystallography.fast.spots import StrongPixels
from libs.crystallography.fast.sum_kernel import sum_regions

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Integrated:
    """Sums of the predictions in their order; NaN where a reflection could not be summed."""

    intensity: Floats
    variance: Floats
    background: Floats

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Summed, with a positive variance."""
        good: NDArray[np.bool_] = np.isfinite(self.intensity) & (self.variance > 0.0)
        return good


def beam_divergence(
    pixels: StrongPixels, spots: Integers, rays: Floats, detector: FlatDetector
) -> float:
    """σ of the beam divergence (rad): DIALS's `ComputeEsdBeamDivergence`.

    `spots` are numbers of indexed spots (rising), `rays` their predicted s1 (1/Å), [n, 3].
    """
    place = np.full(int(pixels.spot.max()) + 1, -1)
    place[spots] = np.arange(len(spots))
    kept = place[pixels.spot] >= 0
    number, panel, value = place[pixels.spot[kept]], pixels.panel[kept], pixels.value[kept]
    centres = np.stack([pixels.fast[kept], pixels.slow[kept]], axis=1) + 0.5
    place_mm = detector.millimetres(panel, centres)
    direction = detector.reciprocal(panel, place_mm) + detector.s0
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    ray = rays / np.linalg.norm(rays, axis=1)[:, None]
    angle_squared = ((direction - ray[number]) ** 2).sum(axis=1)
    total = np.bincount(number, value, len(spots))
    moment = np.bincount(number, value * angle_squared, len(spots))
    enough = total > 1.0
    return math.sqrt(float((moment[enough] / (total[enough] - 1.0)).mean()))


def integrate(
    pixels: NDArray[Any],
    usable: NDArray[np.bool_],
    layout: PixelLayout,
    trusted: Floats,
    predictions: Predictions,
    detector: FlatDetector,
    reach_rad: float,
    gain: float = 1.0,
) -> Integrated:
    """Sum all predictions; `reach_rad` is n σ of the divergence, the foreground's radius.

    `gain` multiplies the variances, as DIALS's `integration.summation.detector_gain` does.

    `pixels` and `usable` are flat (pixels.py), `trusted` are exclusive limits [n, 2].
    """
    boxes, cores, expansions = regions(
        predictions.panel, predictions.s1, detector.s0, reach_rad, detector.origin_mm,
        detector.fast, detector.slow, detector.pixel_mm, detector.absorption, detector.projections,
    )  # fmt: skip
    sums = sum_regions(
        pixels, usable, layout.starts, layout.shapes, trusted, predictions.panel,
        boxes, cores, expansions, reach_rad,
    )  # fmt: skip
    return Integrated(intensity=sums[:, 0], variance=gain * sums[:, 1], background=sums[:, 2])
