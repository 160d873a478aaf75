"""Narrow panels that are alike are searched side by side: long rows are faster."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled
from libs.crystallography.fast.dispersion import passing_pixels
from libs.crystallography.fast.window import Image, Integers, Mask, Places, Rule

BAND_PX = 800
"""Of narrow panels that are searched side by side."""


def bands_of(shapes: Integers, bounds: NDArray[Any]) -> Integers:
    """First and last panel (exclusive) of neighbours that are alike: long rows are faster."""
    alike = (shapes[1:] == shapes[:-1]).all(axis=1) & (bounds[1:] == bounds[:-1]).all(axis=1)
    bands: list[tuple[int, int]] = []
    first = 0
    for end in [*(np.flatnonzero(~alike) + 1).tolist(), len(shapes)]:
        most = max(1, BAND_PX // int(shapes[first, 1]))
        bands += [(start, min(start + most, end)) for start in range(first, end, most)]
        first = end
    return np.array(bands, np.int64).reshape(-1, 2)


@compiled
def passing_of_bands(
    pixels: Image, usable: Mask, strong: Mask, starts: Integers, shapes: Integers,
    bands: Integers, bounds: Image, rule: Rule,
) -> tuple[Places, Integers]:  # fmt: skip
    """`passing_pixels` of all bands, one after another; flat arrays as in pixels.py.

    `bands` are first and last panel (exclusive), [n, 2], `bounds` those of each panel.
    """
    places, numbers = np.empty(len(pixels), np.int32), np.zeros(len(shapes), np.int64)
    n = 0
    for first, last in bands:
        part = slice(starts[first], starts[last])
        shape = (last - first, shapes[first, 0], shapes[first, 1])
        found, numbers_found = passing_pixels(
            pixels[part].reshape(shape), usable[part].reshape(shape),
            strong[part].reshape(shape), bounds[first], rule,
        )  # fmt: skip
        places[n : n + len(found)] = found
        numbers[first:last] = numbers_found
        n += len(found)
    return places[:n].copy(), numbers
