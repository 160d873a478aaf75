"""Sums over the pixels of a ring, with strong spots left out. Rings are flat pixel numbers."""

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.int32] | NDArray[np.float64]


@compiled
def mark_boxes(
    marks: Mask, starts: Integers, shapes: Integers, panel: Integers, boxes: Integers,
    margin: int, value: bool,
) -> None:  # fmt: skip
    """Set the flat `marks` in boxes [n, 4] (fast from, to, slow from, to) and `margin` around."""
    for n in range(len(panel)):
        p = panel[n]
        n_slow, n_fast = shapes[p, 0], shapes[p, 1]
        left, right = max(0, boxes[n, 0] - margin), min(n_fast, boxes[n, 1] + margin)
        for row in range(max(0, boxes[n, 2] - margin), min(n_slow, boxes[n, 3] + margin)):
            first = starts[p] + row * n_fast
            marks[first + left : first + right] = value


@compiled
def usable_in_ring(
    pixels: Pixels, ring: Integers, numbers: Integers, trusted: Floats, excluded: Mask
) -> tuple[float, int]:
    """Sum and number of the pixels that are trusted and not excluded.

    `ring` holds the panels' pixels one after another, `numbers` how many each has. Zeros are let
    in where the lower limit of `trusted` [n, 2] (exclusive) is 0.
    """
    total = 0.0
    n = first = 0
    for p in range(len(numbers)):
        low, high = trusted[p, 0], trusted[p, 1]
        for k in ring[first : first + numbers[p]]:
            value = float(pixels[k])
            if (low < value < high or value == low == 0.0) and not excluded[k]:
                total += value
                n += 1
        first += numbers[p]
    return total, n


@compiled
def positive_in_ring(pixels: Pixels, ring: Integers) -> tuple[float, int]:
    """Sum and number of the pixels above 0."""
    total = 0.0
    n = 0
    for k in ring:
        value = float(pixels[k])
        if value > 0.0:
            total += value
            n += 1
    return total, n
