"""Strong pixels of odd detectors: those of DIALS's own threshold classes, panel by panel."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from libs.crystallography.fast.pixels import PixelLayout
from libs.crystallography.fast.settings import SpotSettings
from libs.crystallography.fast.strong import strong_pixels

pytestmark = pytest.mark.system
ALIKE = [(31, 40)] * 5
ODD = [(31, 40), (31, 40), (1, 1), (3, 2), (2, 50), (60, 3), (31, 41), (31, 40), (1, 300)]
"""Of one pixel, and narrower than the kernel; neighbours alike and different."""
WIDE = [(20, 700), (20, 700), (20, 1700)]
LIMITS = (-20.0, 30_000.0)
BOTH = [False, True]


def panels_of(shapes: list[tuple[int, int]], seed: int, mean: float) -> list[NDArray[Any]]:
    """Background with spots, hot and dead pixels, values of all sizes."""
    rng = np.random.default_rng(seed)
    images = []
    for shape in shapes:
        image = rng.poisson(mean, shape).astype(np.int32) - rng.integers(0, 2, shape, np.int32)
        for peak in (60, 600, 5_000, 20_000, 40_000):
            for _ in range(1 + image.size // 700):
                y, x = rng.integers(0, shape[0]), rng.integers(0, shape[1])
                spot = image[y : y + 5, x : x + 6]
                spot += rng.poisson(peak / 4, spot.shape).astype(np.int32)
        images.append(image)
    return images


def masks_of(images: list[NDArray[Any]], seed: int) -> list[NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    return [rng.random(image.shape) > 0.03 for image in images]


def ours(
    images: list[NDArray[Any]], masks: list[NDArray[np.bool_]], limits: Any, chosen: SpotSettings
) -> list[NDArray[np.bool_]]:
    layout = PixelLayout.of(images)
    strong = np.ones(layout.size, bool)
    pixels, usable = layout.joined(images), layout.joined(masks)
    places, numbers = strong_pixels(pixels, usable, layout, np.array(limits), chosen, strong)
    marks = layout.panels(strong)
    assert numbers.tolist() == [int(mark.sum()) for mark in marks]
    assert (places == np.concatenate([np.flatnonzero(mark) for mark in marks])).all()
    return marks


def theirs(
    image: NDArray[Any], mask: NDArray[np.bool_], limits: Any, chosen: SpotSettings
) -> NDArray[np.bool_]:
    from dials.algorithms.image.threshold import DispersionExtendedThreshold, DispersionThreshold
    from dials.array_family import flex
    from dxtbx import flumpy

    kind = DispersionExtendedThreshold if chosen.extended else DispersionThreshold
    pixels = flumpy.from_numpy(image.astype(np.float64))
    inside = flumpy.from_numpy(mask & (image > limits[0]) & (image < limits[1]))
    result = flex.bool(flex.grid(image.shape))
    sigmas = chosen.sigma_background, chosen.sigma_strong
    search = kind(
        image.shape, chosen.kernel_size, *sigmas, chosen.global_threshold, chosen.min_local
    )
    gain = flex.double(flex.grid(image.shape), chosen.gain)
    search(pixels, inside, *([gain] if chosen.gain else []), result)
    return np.asarray(flumpy.to_numpy(result))


@pytest.mark.parametrize("extended", BOTH)
@pytest.mark.parametrize("shapes", [ALIKE, ODD, WIDE], ids=["alike", "odd", "wide"])
@pytest.mark.parametrize(
    ("kernel", "gain", "threshold", "mean"),
    [((3, 3), 0.0, 0.0, 2.0), ((3, 3), 25.0, 100.0, 24.0), ((2, 5), 1.7, 3.0, 0.3),
     ((4, 3), 1.0, 0.0, 300.0), ((6, 7), 1.0, 0.0, 5.0)],
)  # fmt: skip
def test_every_pixel_is_judged_as_by_dials(
    kernel: tuple[int, int], gain: float, threshold: float, mean: float, shapes: Any, extended: bool
) -> None:
    chosen = SpotSettings(
        extended=extended, kernel_size=kernel, gain=gain, global_threshold=threshold
    )
    images = panels_of(shapes, 11, mean)
    masks, limits = masks_of(images, 12), [LIMITS] * len(images)
    found = ours(images, masks, limits, chosen)
    assert sum(int(mark.sum()) for mark in found) > 20
    for image, mask, mark in zip(images, masks, found, strict=True):
        assert (mark == theirs(image, mask, LIMITS, chosen)).all()


@pytest.mark.parametrize("extended", BOTH)
def test_panels_with_other_limits_are_searched_apart(extended: bool) -> None:
    chosen = SpotSettings(extended=extended, gain=1.0)
    images = panels_of(ALIKE, 5, 8.0)
    masks = masks_of(images, 6)
    limits = [(-1.0, 200.0), (-1.0, 200.0), (5.0, 1e6), (-1.0, 2e7), (-3e9, 3e9)]
    for image, mask, limit, found in zip(
        images, masks, limits, ours(images, masks, limits, chosen), strict=True
    ):
        assert (found == theirs(image, mask, limit, chosen)).all()


@pytest.mark.parametrize("extended", BOTH)
def test_float_pixels_give_what_whole_ones_give(extended: bool) -> None:
    chosen = replace(SpotSettings(gain=1.0), extended=extended)
    images = panels_of(ODD, 7, 3.0)
    masks, limits = masks_of(images, 8), [LIMITS] * len(images)
    floats: list[NDArray[Any]] = [image.astype(np.float64) for image in images]
    both = ours(images, masks, limits, chosen), ours(floats, masks, limits, chosen)
    assert all((a == b).all() for a, b in zip(*both, strict=True))


@pytest.mark.parametrize("extended", BOTH)
def test_values_that_dials_leaves_out_of_sums_are_left_out(extended: bool) -> None:
    chosen = SpotSettings(extended=extended, gain=1.0)
    (image,), limits = panels_of([(40, 60)], 9, 3.0), (-1.0, 2e9)
    image[10:13, 20:24] = [[1 << 23, 1 << 24, (1 << 24) - 1, 1 << 30]] * 3
    mask = np.ones(image.shape, bool)
    (found,) = ours([image], [mask], [limits], chosen)
    assert (found == theirs(image, mask, limits, chosen)).all()
