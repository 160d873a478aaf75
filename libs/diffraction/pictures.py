"""The radial profile and the spot distances of one frame, from DIALS's objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.profiles import radial_profile, reciprocal_positions, spot_distances
from libs.diffraction.geometry import RingCache
from libs.diffraction.solvent import BackgroundPixels
from libs.diffraction.tasks import FramePictures


def frame_pictures(
    cache: RingCache, imageset: Any, background: BackgroundPixels, strong: Any
) -> FramePictures:
    """Both pictures as raw bytes."""
    beam, detector = imageset.get_beam(0), imageset.get_detector(0)
    panels, bins = cache.profile_bins(beam, detector)
    q = reciprocal_positions(
        panels,
        tuple(beam.get_unit_s0()),
        beam.get_wavelength(),
        strong["panel"].as_numpy_array(),
        _positions_px(strong),
    )
    return FramePictures(
        radial_mean=radial_profile(background.images, bins, background.usable).tobytes(),
        spot_distances=spot_distances(q).tobytes(),
    )


def _positions_px(strong: Any) -> NDArray[np.float64]:
    fast, slow, _ = strong["xyzobs.px.value"].parts()
    return np.stack([fast.as_numpy_array(), slow.as_numpy_array()], axis=1)
