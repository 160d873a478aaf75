"""Strong pixels by DIALS's own threshold, for frames that are no whole numbers.

There, whether a pixel that ties with its limit is strong depends on how sums were rounded: only the
same sums give the same pixels. Several times slower than the fast lane's own kernel.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.pixels import PixelLayout
from libs.diffraction.frame_pixels import Pixels

Mask = NDArray[np.bool_]


def strong_by_dials(
    pixels: Pixels,
    usable: Mask,
    layout: PixelLayout,
    trusted: NDArray[np.float64],
    params: Any,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Places of the panels' strong pixels one after another, and how many each has.

    `pixels` and `usable` are flat, `pixels` of float64; `trusted` are exclusive limits, [n, 2].
    """
    from dials.algorithms.spot_finding.factory import SpotFinderFactory

    threshold = SpotFinderFactory.configure_threshold(copy.deepcopy(params))
    found = [
        _strong(threshold, image, mask & (image > low) & (image < high))
        for image, mask, (low, high) in zip(
            layout.panels(pixels), layout.panels(usable), trusted.tolist(), strict=True
        )
    ]
    return np.concatenate(found), np.array([len(part) for part in found], np.int64)


def _strong(threshold: Any, image: NDArray[Any], mask: Mask) -> NDArray[np.int32]:
    from dxtbx import flumpy

    image, mask = np.ascontiguousarray(image), np.ascontiguousarray(mask)
    strong = threshold.compute_threshold(flumpy.from_numpy(image), flumpy.from_numpy(mask))
    places: NDArray[np.int32] = np.flatnonzero(flumpy.to_numpy(strong)).astype(np.int32)
    return places
