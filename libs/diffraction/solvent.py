"""The solvent numbers of one frame: flex images and strong spots in, plain numbers out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography import mean_in_ring, mean_positive_in_ring, solvent_ratio
from libs.diffraction.geometry import RingCache, solvent_angles
from libs.messages import Recipe

SPOT_MARGIN_PX = 1


@dataclass(frozen=True, kw_only=True)
class SolventNumbers:
    """Means of our rings and the ratio in both definitions; None where undefined."""

    ring_low: float | None = None
    ring_high: float | None = None
    ratio: float | None = None
    ratio_cctbx: float | None = None


@dataclass(frozen=True, kw_only=True)
class BackgroundPixels:
    """A frame's images and, per panel, which pixels hold background: unmasked, no strong spot."""

    images: list[NDArray[Any]]
    usable: list[NDArray[np.bool_]]


def background_pixels(
    images: list[NDArray[Any]], usable: list[NDArray[np.bool_]], strong: Any
) -> BackgroundPixels:
    """The frame without its strong spots, which are taken out of `usable`."""
    _exclude(usable, strong)
    return BackgroundPixels(images=images, usable=usable)


def measure_solvent(
    cache: RingCache, recipe: Recipe, imageset: Any, background: BackgroundPixels
) -> SolventNumbers:
    """Both definitions; nothing where the wavelength has no such angles."""
    beam, detector = imageset.get_beam(0), imageset.get_detector(0)
    try:
        angles = solvent_angles(recipe, beam.get_wavelength())
    except ValueError:
        return SolventNumbers()
    rings = cache.rings(beam, detector, angles)
    images, usable = background.images, background.usable
    low = mean_in_ring(images, rings.low, usable)
    high = mean_in_ring(images, rings.high, usable)
    return SolventNumbers(
        ring_low=low,
        ring_high=high,
        ratio=solvent_ratio(high, low),
        ratio_cctbx=solvent_ratio(
            mean_positive_in_ring(images, rings.high_cctbx),
            mean_positive_in_ring(images, rings.low_cctbx),
        ),
    )


def _exclude(usable: list[NDArray[np.bool_]], strong: Any) -> None:
    panels = strong["panel"].as_numpy_array()
    boxes = np.array([tuple(box) for box in strong["bbox"]], dtype=np.int64).reshape(-1, 6)
    for panel, (x0, x1, y0, y1, _, _) in zip(panels, boxes, strict=True):
        top, left = max(0, y0 - SPOT_MARGIN_PX), max(0, x0 - SPOT_MARGIN_PX)
        usable[panel][top : y1 + SPOT_MARGIN_PX, left : x1 + SPOT_MARGIN_PX] = False
