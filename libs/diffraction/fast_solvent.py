"""The solvent numbers of a frame of the fast lane: the same as `solvent.py`, from arrays.

Looks at the rings' pixels only; strong spots are excluded from our definition with the same margin.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography import mean_positive_in_ring, solvent_ratio
from libs.crystallography.fast.spots import Spots
from libs.crystallography.solvent import Ring
from libs.diffraction.fast_geometry import FrameGeometry
from libs.diffraction.solvent import SPOT_MARGIN_PX, SolventNumbers

Images = Sequence[NDArray[Any]]


def measure_solvent_fast(images: Images, geometry: FrameGeometry, spots: Spots) -> SolventNumbers:
    """Both definitions; nothing where the wavelength has no such angles."""
    rings = geometry.rings
    if rings is None:
        return SolventNumbers()
    low = _mean(images, rings.low, geometry, spots)
    high = _mean(images, rings.high, geometry, spots)
    return SolventNumbers(
        ring_low=low,
        ring_high=high,
        ratio=solvent_ratio(high, low),
        ratio_cctbx=solvent_ratio(
            mean_positive_in_ring(images, rings.high_cctbx),
            mean_positive_in_ring(images, rings.low_cctbx),
        ),
    )


def _mean(images: Images, ring: Ring, geometry: FrameGeometry, spots: Spots) -> float | None:
    total, n = 0.0, 0
    for panel, (image, pixels) in enumerate(zip(images, ring, strict=True)):
        if len(pixels) == 0:
            continue
        values = image.ravel()[pixels]
        low, high = geometry.trusted[panel]
        inside = (values > low) & (values < high)
        if low == 0.0:
            inside |= values == 0
        inside &= geometry.pixel_masks[panel].ravel()[pixels]
        inside &= ~_in_spots(pixels, image.shape[1], spots.bbox[spots.panel == panel])
        total, n = total + float(values[inside].sum(dtype=np.float64)), n + int(inside.sum())
    return total / n if n else None


def _in_spots(
    pixels: NDArray[np.int64], n_fast: int, boxes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which pixels (flat indices, rising) lie in one of the boxes or beside it."""
    x0, x1, y0, y1 = boxes.T
    top = np.maximum(0, y0 - SPOT_MARGIN_PX)
    heights = y1 + SPOT_MARGIN_PX - top
    number = np.repeat(np.arange(len(boxes)), heights)
    first_row = np.repeat(np.cumsum(heights) - heights, heights)
    rows = (top[number] + np.arange(len(number)) - first_row) * n_fast
    left = np.maximum(0, x0 - SPOT_MARGIN_PX)[number]
    right = np.minimum(n_fast, x1 + SPOT_MARGIN_PX)[number]
    change = np.zeros(len(pixels) + 1, np.int64)
    np.add.at(change, np.searchsorted(pixels, rows + left), 1)
    np.add.at(change, np.searchsorted(pixels, rows + right), -1)
    excluded: NDArray[np.bool_] = np.cumsum(change[:-1]) > 0
    return excluded
