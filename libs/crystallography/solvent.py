"""The solvent ratio: mean intensity in a thin ring at the water ring over one in the background.

Two definitions (FIELD.md, "Solvent ratio"): ours (several pixels wide, masked, zeros included,
strong spots excluded) and cctbx's (one radial bin about a pixel wide, pixels > 0, no mask). Pure
numpy: rings are found once per geometry as flat pixel indices per panel, then averaged per frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.panels import PanelGeometry, pixel_two_theta_deg, pixel_width_deg

HALF_WIDTH_PX = 2.5
Ring = tuple[NDArray[np.int64], ...]
"""Flat pixel indices of a ring, one array per panel."""
Images = Sequence[NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class RadialBins:
    """cctbx's radial average: `n` bins up to `extent_deg`, the largest 2θ of a pixel corner."""

    n: int
    extent_deg: float

    def nearest(self, two_theta: float) -> int:
        """The bin whose lower edge is nearest to 2θ (degrees), the lower one of a tie."""
        edges = np.arange(self.n) * self.extent_deg / self.n
        return int(np.argmin(np.abs(edges - two_theta)))


def ring_pixels(angles: Sequence[NDArray[np.float64]], centre: float, half_width: float) -> Ring:
    """Pixels whose 2θ (degrees, per panel) lies within `half_width` of `centre`."""
    return tuple(np.flatnonzero(np.abs(a - centre) <= half_width) for a in angles)


def wide_ring(
    panels: Sequence[PanelGeometry], angles: Sequence[NDArray[np.float64]], two_theta: float
) -> Ring:
    """Our ring at 2θ (degrees), about five pixels wide."""
    width = HALF_WIDTH_PX * max(pixel_width_deg(panel, two_theta) for panel in panels)
    return ring_pixels(angles, two_theta, width)


def all_angles(
    panels: Sequence[PanelGeometry], beam: tuple[float, float, float]
) -> list[NDArray[np.float64]]:
    """2θ (degrees) of every pixel centre, per panel."""
    return [pixel_two_theta_deg(panel, beam) for panel in panels]


def cctbx_ring(panels: Sequence[PanelGeometry], bins: RadialBins, two_theta: float) -> Ring:
    """The pixels of the one bin that cctbx's radial average would read at 2θ (degrees).

    As dxtbx's `radial_average` does it: distances from the *rounded* beam centre, pixel indices
    instead of centres, each panel's own distance.
    """
    return ring_of_bin(cctbx_bins(panels, bins), bins, two_theta)


def cctbx_bins(panels: Sequence[PanelGeometry], bins: RadialBins) -> list[NDArray[np.int32]]:
    """The bin of every pixel, per panel."""
    return [_bin_numbers(panel, bins.n).astype(np.int32) for panel in panels]


def ring_of_bin(numbers: Sequence[NDArray[np.int32]], bins: RadialBins, two_theta: float) -> Ring:
    """The pixels in the bin at 2θ (degrees); `numbers` of `cctbx_bins`."""
    wanted = bins.nearest(two_theta)
    return tuple(np.flatnonzero(panel == wanted) for panel in numbers)


def mean_in_ring(images: Images, ring: Ring, usable: Sequence[NDArray[np.bool_]]) -> float | None:
    """Our mean: usable pixels only; None where the ring has none."""
    total, n = 0.0, 0
    for image, pixels, mask in zip(images, ring, usable, strict=True):
        values = image.ravel()[pixels][mask.ravel()[pixels]]
        total, n = total + float(values.sum(dtype=np.float64)), n + values.size
    return total / n if n else None


def mean_positive_in_ring(images: Images, ring: Ring) -> float:
    """cctbx's mean: pixels above 0 only; 0 where the ring has none."""
    total, n = 0.0, 0
    for image, pixels in zip(images, ring, strict=True):
        values = image.ravel()[pixels]
        values = values[values > 0]
        total, n = total + float(values.sum(dtype=np.float64)), n + values.size
    return total / n if n else 0.0


def solvent_ratio(high: float | None, low: float | None) -> float | None:
    """Water ring over background; None where one is missing or the background not positive."""
    if high is None or low is None or not low > 0.0:
        return None
    return high / low


def _bin_numbers(panel: PanelGeometry, n: int) -> NDArray[np.int64]:
    n_slow, n_fast = panel.shape
    centre_fast, centre_slow = (round(c) for c in panel.beam_centre_px)
    pixel, distance = panel.pixel_mm[0], panel.distance_mm
    slow = (np.arange(n_slow) - centre_slow)[:, None] ** 2.0
    fast = (np.arange(n_fast) - centre_fast)[None, :] ** 2.0
    angle = np.degrees(np.arctan(np.sqrt(slow + fast) * pixel / distance))
    extent = np.degrees(np.arctan(n * pixel / distance))
    numbers: NDArray[np.int64] = np.floor(angle * n / extent).astype(np.int64)
    return numbers
