"""Thresholds, labels and centroids against naive recomputation on random images."""

import numpy as np
import pytest
from scipy import ndimage

from libs.crystallography.fast.labels import label
from libs.crystallography.fast.pixels import PixelLayout
from libs.crystallography.fast.settings import SpotSettings
from libs.crystallography.fast.spots import TooManyStrongPixelsError, find_spots
from libs.crystallography.fast.strong import strong_pixels

LIMITS = np.array([[-1.0, 1e6]])


def image_with_spots(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = rng.poisson(1.5, (90, 110)).astype(np.int32)
    for y, x in zip(rng.integers(0, 90, 15), rng.integers(0, 110, 15), strict=True):
        image[y : y + 3, x : x + 2] += rng.poisson(60)
    return image


def naive_dispersion(image: np.ndarray, usable: np.ndarray, gain: float) -> np.ndarray:
    strong = np.zeros(image.shape, bool)
    for y, x in np.ndindex(image.shape):
        if not usable[y, x]:
            continue
        box = (slice(max(0, y - 3), y + 4), slice(max(0, x - 3), x + 4))
        values = image[box][usable[box]].astype(float)
        m, total, squares = len(values), values.sum(), (values**2).sum()
        if m < 2:
            continue
        wide = m * squares - total**2 > gain * total * (m - 1 + 6.0 * np.sqrt(2.0 * (m - 1)))
        strong[y, x] = wide and m * image[y, x] - total > 3.0 * np.sqrt(gain * total * m)
    return strong


@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_running_sums_find_what_plain_sums_find(gain: float) -> None:
    image = image_with_spots(5)
    usable = np.random.default_rng(6).random(image.shape) > 0.05
    strong = np.zeros(image.size, bool)
    settings = SpotSettings(extended=False, gain=gain)
    pixels, _ = strong_pixels(
        image.reshape(-1), usable.reshape(-1), PixelLayout.of([image]), LIMITS, settings, strong
    )
    expected = naive_dispersion(image, usable, gain) & (image > 0)
    assert (strong == expected.reshape(-1)).all()
    assert (pixels == np.flatnonzero(strong)).all()


def test_labels_are_those_of_four_connected_regions() -> None:
    strong = np.random.default_rng(3).random((60, 70)) > 0.55
    pixels = np.flatnonzero(strong).astype(np.int32)
    expected, n = ndimage.label(strong)
    labels = label(pixels, 70)
    assert labels.max() + 1 == n
    assert len(set(zip(labels, expected.ravel()[pixels], strict=True))) == n
    assert (np.diff([np.flatnonzero(labels == k)[0] for k in range(n)]) > 0).all()


def test_spot_sizes_are_limited() -> None:
    image, usable = image_with_spots(8), np.ones((90, 110), bool)
    both = [
        find_spots(
            [image], [usable], [(-1.0, 1e6)], SpotSettings(extended=False, gain=1.0, **sizes)
        )
        for sizes in ({"min_spot_size": 1}, {"min_spot_size": 3, "max_spot_size": 5})
    ]
    (every, _), (some, pixels) = both
    kept = (every.n_pixels >= 3) & (every.n_pixels <= 5)
    assert len(some) == kept.sum() < len(every)
    assert (np.bincount(pixels.spot) == some.n_pixels).all()
    assert np.allclose(np.bincount(pixels.spot, pixels.value), some.intensity)


def test_an_image_full_of_strong_pixels_is_refused() -> None:
    image = image_with_spots(8)
    settings = SpotSettings(extended=False, gain=1.0, max_strong_pixel_fraction=1e-4)
    with pytest.raises(TooManyStrongPixelsError, match="greater than the maximum allowed"):
        find_spots([image], [np.ones(image.shape, bool)], [(-1.0, 1e6)], settings)


def test_a_blank_image_has_no_spots() -> None:
    image = np.zeros((50, 60), np.int32)
    spots, pixels = find_spots([image], [image == 0], [(-1.0, 1e6)], SpotSettings())
    assert len(spots) == len(pixels.spot) == 0
