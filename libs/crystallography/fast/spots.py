"""Strong spots of a frame: pixels above the threshold, joined, measured and filtered like DIALS's.

Centroids are those of DIALS's 2-D spotfinding of stills: the mean of pixel centres weighted with
the pixel values, without background; their variances are the unbiased standard error plus 1/12.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.dispersion import threshold
from libs.crystallography.fast.labels import label, spot_sums
from libs.crystallography.fast.settings import SpotSettings

Floats = NDArray[np.float64]


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
    buffers: Sequence[NDArray[np.bool_]] | None = None,
) -> tuple[Spots, StrongPixels]:
    """Spots of all panels, in DIALS's order.

    One image, mask (static; True where usable) and trusted range (exclusive) per panel. `buffers`
    takes the strong pixels, shapes as the images; they are made where none are given. Raises
    TooManyStrongPixelsError.
    """
    if buffers is None:
        buffers = [np.zeros(image.shape, bool) for image in images]
    found = [
        threshold(image, mask, limits, settings.kernel_size,
                  (settings.sigma_background, settings.sigma_strong), settings.gain,
                  settings.global_threshold, settings.min_local, settings.extended, strong)
        for image, mask, limits, strong in zip(images, usable, trusted, buffers, strict=True)
    ]  # fmt: skip
    _check_number(found, images, settings)
    parts = [
        _panel_spots(number, image, pixels, settings)
        for number, (image, pixels) in enumerate(zip(images, found, strict=True))
        if len(pixels)
    ]
    return _joined(parts)


def _check_number(
    found: list[NDArray[np.int32]], images: Sequence[NDArray[Any]], settings: SpotSettings
) -> None:
    n, total = sum(map(len, found)), sum(image.size for image in images)
    most = int(np.ceil(settings.max_strong_pixel_fraction * total))
    if n > most:
        raise TooManyStrongPixelsError(
            f"the number of strong pixels found ({n}) is greater than the maximum allowed ({most})"
        )


def _panel_spots(
    number: int, image: NDArray[Any], pixels: NDArray[np.int32], settings: SpotSettings
) -> tuple[Spots, StrongPixels]:
    n_fast = image.shape[1]
    values = image.ravel()[pixels].astype(np.float64)
    labels = label(pixels, n_fast)
    sums = spot_sums(pixels, values, labels, int(labels.max()) + 1, n_fast)
    kept = _kept(sums, settings)
    new_number = np.cumsum(kept) - 1
    inside = kept[labels]
    spots = Spots(
        panel=np.full(int(kept.sum()), number),
        xy_px=sums[kept, 3:5],
        variance_px2=_variances(sums[kept]),
        n_pixels=sums[kept, 0].astype(np.int64),
        intensity=sums[kept, 1],
        bbox=sums[kept, 8:12].astype(np.int64),
    )
    own = pixels[inside].astype(np.int64)
    strong = StrongPixels(
        spot=new_number[labels[inside]].astype(np.int64),
        panel=np.full(len(own), number),
        fast=own % n_fast,
        slow=own // n_fast,
        value=values[inside],
    )
    return spots, strong


def _kept(sums: Floats, settings: SpotSettings) -> NDArray[np.bool_]:
    n = sums[:, 0]
    kept: NDArray[np.bool_] = (n >= settings.min_spot_size) & (n <= settings.max_spot_size)
    if settings.max_separation_px is not None:
        separation = np.hypot(sums[:, 6] - sums[:, 3], sums[:, 7] - sums[:, 4])
        kept &= separation <= settings.max_separation_px
    return kept


def _variances(sums: Floats) -> Floats:
    """Squared standard errors of the centroids (px²), shape [n, 2], as DIALS's CentroidPoints."""
    total, squares = sums[:, 1], sums[:, 2]
    free = np.maximum(total**2 - squares, 1e-9)
    error_squared: Floats = sums[:, 12:14] / free[:, None] + 1.0 / 12.0
    return error_squared


def _joined(parts: list[tuple[Spots, StrongPixels]]) -> tuple[Spots, StrongPixels]:
    if not parts:
        return _NO_SPOTS, _NO_PIXELS
    first = np.cumsum([0] + [len(spots) for spots, _ in parts])
    spots = Spots(
        **{f.name: np.concatenate([getattr(s, f.name) for s, _ in parts]) for f in fields(Spots)}
    )
    pixels = {
        f.name: np.concatenate([getattr(p, f.name) for _, p in parts]) for f in fields(StrongPixels)
    }
    shift = np.repeat(first[:-1], [len(p.spot) for _, p in parts])
    pixels["spot"] = pixels["spot"] + shift
    return spots, StrongPixels(**pixels)


_NO_SPOTS = Spots(
    panel=np.zeros(0, np.int64),
    xy_px=np.zeros((0, 2)),
    variance_px2=np.zeros((0, 2)),
    n_pixels=np.zeros(0, np.int64),
    intensity=np.zeros(0),
    bbox=np.zeros((0, 4), np.int64),
)
_NO_PIXELS = StrongPixels(
    spot=np.zeros(0, np.int64),
    panel=np.zeros(0, np.int64),
    fast=np.zeros(0, np.int64),
    slow=np.zeros(0, np.int64),
    value=np.zeros(0),
)
