"""The radial profile and the spot distances of a frame of the fast lane.

The same as in `pictures.py`, of one frame in sixteen: a look at every pixel would cost a tenth of
the lane's time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.spots import Spots
from libs.crystallography.profiles import radial_profile, reciprocal_positions, spot_distances
from libs.diffraction.fast_geometry import FrameGeometry
from libs.diffraction.geometry import RingCache
from libs.diffraction.solvent import SPOT_MARGIN_PX
from libs.diffraction.tasks import FramePictures

EVERY = 16


def fast_pictures(
    pixels: NDArray[Any],
    spots: Spots,
    geometry: FrameGeometry,
    cache: RingCache,
    beam: Any,
    detector: Any,
) -> FramePictures:
    """Both pictures as raw bytes."""
    panels, bins = cache.profile_bins(beam, detector)
    q = reciprocal_positions(
        panels, tuple(beam.get_unit_s0()), beam.get_wavelength(), spots.panel, spots.xy_px
    )
    images = geometry.layout.panels(pixels)
    masks = geometry.layout.panels(geometry.pixel_mask.copy())
    for panel, (x0, x1, y0, y1) in zip(spots.panel.tolist(), _boxes(spots), strict=True):
        masks[panel][y0:y1, x0:x1] = False
    usable = [
        mask & _trusted(image, *limits)
        for image, mask, limits in zip(images, masks, geometry.trusted.tolist(), strict=True)
    ]
    return FramePictures(
        radial_mean=radial_profile(images, bins, usable).tobytes(),
        spot_distances=spot_distances(q).tobytes(),
    )


def _boxes(spots: Spots) -> list[list[int]]:
    """Around each spot, with the margin that the solvent's background keeps."""
    margin = SPOT_MARGIN_PX * np.array([-1, 1, -1, 1])
    boxes: list[list[int]] = np.maximum(spots.bbox + margin, 0).tolist()
    return boxes


def _trusted(image: NDArray[Any], low: float, high: float) -> NDArray[np.bool_]:
    """Within exclusive limits; zeros count where the lower limit is zero."""
    inside: NDArray[np.bool_] = (image > low) & (image < high)
    return inside | (image == 0) if low == 0.0 else inside
