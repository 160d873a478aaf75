"""Strong pixels of a frame, by the algorithm and the numbers that the settings name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.bands import bands_of, passing_of_bands
from libs.crystallography.fast.extended import strong_of_dispersed
from libs.crystallography.fast.pixels import PixelLayout
from libs.crystallography.fast.settings import SpotSettings
from libs.crystallography.fast.window import Integers, Mask, Places, Rule

LARGEST = 1 << 24
"""DIALS leaves values from here on out of its sums."""
WIDE, LARGEST_KERNEL = 1 << 12, (1 << 7) - 1
"""Over so many pixels, squares of values below `WIDE` and values below `LARGEST` fit into int32."""
Floats = NDArray[np.float64]


def strong_pixels(
    pixels: NDArray[Any],
    usable: Mask,
    layout: PixelLayout,
    trusted: Floats,
    settings: SpotSettings,
    strong: Mask,
) -> tuple[Places, Integers]:
    """Numbers of the strong pixels within their panels, one panel after another; how many each has.

    `pixels` and `usable` are flat (pixels.py), `trusted` exclusive limits [n, 2]; `strong`, flat,
    is set where a pixel is strong.
    """
    rule = _rule(settings)
    if pixels.dtype == np.int32 and not _sums_fit(rule.kernel, trusted):
        pixels = pixels.astype(np.float64)
    if pixels.dtype != np.int32:
        rule = rule._replace(wide=np.inf)
    bounds = inclusive(trusted, pixels.dtype)
    bands = bands_of(layout.shapes, bounds)
    places, numbers = passing_of_bands(
        pixels, usable, strong, layout.starts, layout.shapes, bands, bounds, rule
    )
    if not settings.extended:
        return places, numbers
    return strong_of_dispersed(
        pixels, usable, layout.starts, layout.shapes, bounds, rule.kernel, rule.sigma_strong,
        rule.gain, rule.global_threshold, strong, places, numbers,
    )  # fmt: skip


def inclusive(trusted: Floats, dtype: Any) -> NDArray[Any]:
    """Least and largest value that is trusted, and the largest that is summed; [n, 3]."""
    low, high = trusted[:, 0], trusted[:, 1]
    if dtype != np.int32:
        least, largest = np.nextafter(low, np.inf), np.nextafter(high, -np.inf)
        return np.stack([least, largest, np.minimum(largest, np.nextafter(LARGEST, 0.0))], axis=1)
    least, largest = np.floor(low) + 1.0, np.ceil(high) - 1.0
    bounds = np.stack([least, largest, np.minimum(largest, LARGEST - 1.0)], axis=1)
    kind = np.iinfo(np.int32)
    return np.asarray(np.clip(bounds, kind.min, kind.max), np.int32)


def _rule(settings: SpotSettings) -> Rule:
    return Rule(
        kernel=settings.kernel_size,
        sigma_background=settings.sigma_background,
        sigma_strong=settings.sigma_strong,
        gain=settings.gain,
        global_threshold=settings.global_threshold,
        needed=settings.min_local if settings.min_local > 0 else _size(settings.kernel_size),
        extended=settings.extended,
        wide=np.int32(WIDE),
    )


def _size(kernel: tuple[int, int]) -> int:
    return (2 * kernel[0] + 1) * (2 * kernel[1] + 1)


def _sums_fit(kernel: tuple[int, int], trusted: Floats) -> bool:
    """Whether the sums of whole numbers fit into int32."""
    return _size(kernel) <= LARGEST_KERNEL and bool((trusted[:, 0] >= -LARGEST).all())
