"""Strong spots of a frame: pixels above the threshold, joined, measured and filtered like DIALS's.

Centroids are those of DIALS's 2-D spotfinding of stills: the mean of pixel centres weighted with
the pixel values, without background; their variances are the unbiased standard error plus 1/12.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.labels import spots_of_panels
from libs.crystallography.fast.pixels import PixelLayout
from libs.crystallography.fast.settings import SpotSettings
from libs.crystallography.fast.strong import strong_pixels

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class TooManyStrongPixelsError(ValueError):
    """More of the image is strong than the settings allow."""


@dataclass(frozen=True, kw_only=True)
class Spots:
    """One entry per spot; positions in pixels (fast, slow), pixel centres at half numbers."""

    panel: NDArray[np.int64]
    xy_px: Floats
    """[n, 2]"""
    variance_px2: Floats
    """[n, 2]"""
    n_pixels: NDArray[np.int64]
    intensity: Floats
    """Sum of the pixel values."""
    bbox: NDArray[np.int64]
    """[n, 4]: fast from, to (exclusive), slow from, to (exclusive)."""

    def __len__(self) -> int:
        return len(self.panel)

    def select(self, which: NDArray[Any]) -> Self:
        """The spots that a mask or an index array picks."""
        return type(self)(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class StrongPixels:
    """Pixels of the kept spots, sorted by nothing in particular; `spot` numbers rows of Spots."""

    spot: NDArray[np.int64]
    panel: NDArray[np.int64]
    fast: NDArray[np.int64]
    slow: NDArray[np.int64]
    value: Floats


def find_spots(
    images: Sequence[NDArray[Any]],
    usable: Sequence[NDArray[np.bool_]],
    trusted: Sequence[tuple[float, float]],
    settings: SpotSettings,
) -> tuple[Spots, StrongPixels]:
    """Spots of all panels, in DIALS's order.

    One image, mask (static; True where usable) and trusted range (exclusive) per panel. Raises
    TooManyStrongPixelsError.
    """
    layout = PixelLayout.of(images)
    strong = np.zeros(layout.size, bool)
    pixels, mask = layout.joined(images), layout.joined(usable)
    return find_spots_flat(pixels, mask, layout, np.array(trusted), settings, strong)


def find_spots_flat(
    pixels: NDArray[Any],
    usable: NDArray[np.bool_],
    layout: PixelLayout,
    trusted: Floats,
    settings: SpotSettings,
    strong: NDArray[np.bool_],
) -> tuple[Spots, StrongPixels]:
    """The same of flat arrays; `trusted` [n, 2], `strong` takes the strong pixels."""
    found, numbers = strong_pixels(pixels, usable, layout, trusted, settings, strong)
    return spots_of_strong(pixels, layout, found, numbers, settings)


def spots_of_strong(
    pixels: NDArray[Any],
    layout: PixelLayout,
    strong: NDArray[np.int32],
    numbers: Integers,
    settings: SpotSettings,
) -> tuple[Spots, StrongPixels]:
    """Spots of strong pixels that are known: their places on their panels, and how many each has.

    Raises TooManyStrongPixelsError.
    """
    _check_number(len(strong), layout.size, settings)
    separation = settings.max_separation_px
    panel, sums, places, values = spots_of_panels(
        pixels, layout.starts, layout.shapes, strong, numbers,
        (settings.min_spot_size, settings.max_spot_size),
        np.inf if separation is None else separation,
    )  # fmt: skip
    return _spots(panel, sums), _strong(places, values)


def _check_number(n: int, total: int, settings: SpotSettings) -> None:
    most = int(np.ceil(settings.max_strong_pixel_fraction * total))
    if n > most:
        raise TooManyStrongPixelsError(
            f"the number of strong pixels found ({n}) is greater than the maximum allowed ({most})"
        )


def _spots(panel: Integers, sums: Floats) -> Spots:
    return Spots(
        panel=panel.copy(),
        xy_px=sums[:, 3:5].copy(),
        variance_px2=_variances(sums),
        n_pixels=sums[:, 0].astype(np.int64),
        intensity=sums[:, 1].copy(),
        bbox=sums[:, 8:12].astype(np.int64),
    )


def _strong(places: Integers, values: Floats) -> StrongPixels:
    spot, panel, fast, slow = np.ascontiguousarray(places.T)
    return StrongPixels(spot=spot, panel=panel, fast=fast, slow=slow, value=values.copy())


def _variances(sums: Floats) -> Floats:
    """Squared standard errors of the centroids (px²), shape [n, 2], as DIALS's CentroidPoints."""
    total, squares = sums[:, 1], sums[:, 2]
    free = np.maximum(total**2 - squares, 1e-9)
    error_squared: Floats = sums[:, 12:14] / free[:, None] + 1.0 / 12.0
    return error_squared
