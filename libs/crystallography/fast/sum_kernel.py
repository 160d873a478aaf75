"""The loops of summation integration: foreground, and a plane through the background.

Background are the usable pixels of a box that are not foreground (region_kernel.py), without
outliers beyond 4 σ of the plane. Boxes are copied into flat buffers of one size, because only loops
over one-dimensional arrays compile to vector instructions.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled, compiled_fast

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.int32] | Floats
Pair = tuple[float, float]
Sums = tuple[float, float, float, float, float, float, float, float, float]

OUTLIER_SIGMA = 4.0
FEWEST_BACKGROUND = 10
LARGEST_BOX = 200


@compiled
def sum_regions(
    pixels: Pixels, usable: Mask, starts: Integers, shapes: Integers, trusted: Floats,
    panel: Integers, boxes: Integers, cores: Integers, expansions: Floats, reach: float,
) -> Floats:  # fmt: skip
    """Intensity, variance and background sum [n, 3] of reflections, NaN where none.

    `pixels` and `usable` are flat (pixels.py), `boxes`, `cores` and `expansions` of `regions`. A
    reflection with an unusable foreground pixel has none.
    """
    result = np.full((len(panel), 3), np.nan)
    height, width = _largest(boxes)
    x, y = np.empty(height * width), np.empty(height * width)
    for k in range(height * width):
        x[k], y[k] = k % width, k // width
    values, weights = np.empty(height * width), np.empty(height * width)
    signal = np.empty(height * width, np.int64)
    for n in range(len(panel)):
        p = panel[n]
        shape = (shapes[p, 0], shapes[p, 1])
        if _on_panel(boxes[n], shape):
            part = slice(starts[p], starts[p + 1])
            result[n] = _sum_box(
                pixels[part].reshape(shape), usable[part].reshape(shape),
                (trusted[p, 0], trusted[p, 1]), expansions[n], reach * reach, boxes[n], cores[n],
                width, x, y, values, weights, signal,
            )  # fmt: skip
    return result


@compiled
def _largest(boxes: Integers) -> tuple[int, int]:
    """Height and width of a buffer that takes every box that is summed."""
    height = width = 1
    for box in boxes:
        if box[1] - box[0] <= LARGEST_BOX and box[3] - box[2] <= LARGEST_BOX:
            width, height = max(width, box[1] - box[0]), max(height, box[3] - box[2])
    return height, width


@compiled
def _on_panel(box: Integers, shape: tuple[int, int]) -> bool:
    left, right, top, bottom = box[0], box[1], box[2], box[3]
    if right <= 0 or bottom <= 0 or left >= shape[1] or top >= shape[0]:
        return False
    size: int = max(right - left, bottom - top)
    return size <= LARGEST_BOX


@compiled
def _sum_box(
    image: Pixels, usable: Mask, trusted: Pair, expansion: Floats, limit: float, box: Integers,
    core: Integers, width: int, x: Floats, y: Floats, values: Floats, weights: Floats,
    signal: Integers,
) -> tuple[float, float, float]:  # fmt: skip
    """Intensity, variance, background sum of one reflection, NaN where it cannot be summed."""
    nothing = (math.nan, math.nan, math.nan)
    n = (box[3] - box[2]) * width
    values, weights = values[:n], weights[:n]
    n_signal = _find_foreground(image, usable, trusted, expansion, limit, box, core, width, signal)
    if n_signal < 0:
        return nothing
    _take_box(image, usable, trusted, box, width, values, weights)
    for k in signal[:n_signal]:
        weights[k] = 0.0
    shift_x, shift_y = -float((box[1] - box[0]) // 2), -float((box[3] - box[2]) // 2)
    sums = _moments(values, weights, x, y, shift_x, shift_y)
    a, b, c, fitted = _plane(sums)
    if not fitted or sums[0] < FEWEST_BACKGROUND:
        return nothing
    if _drop_outliers(values, weights, x, y, a, b, a * shift_x + b * shift_y + c, c):
        sums = _moments(values, weights, x, y, shift_x, shift_y)
        a, b, c, fitted = _plane(sums)
        if not fitted or sums[0] < FEWEST_BACKGROUND:
            return nothing
    total = background = 0.0
    for k in signal[:n_signal]:
        total += values[k]
        background += a * (x[k] + shift_x) + b * (y[k] + shift_y) + c
    intensity = total - background
    variance = abs(intensity) + abs(background) * (1.0 + n_signal / sums[0])
    return intensity, variance, background


@compiled
def _find_foreground(
    image: Pixels, usable: Mask, trusted: Pair, expansion: Floats, limit: float, box: Integers,
    core: Integers, width: int, signal: Integers,
) -> int:  # fmt: skip
    """Places in the buffer of the pixels with a corner within the circle; how many.

    −1 where one of them cannot be used. None lies outside `core` and a pixel around it.
    """
    n = 0
    first, last = max(core[0] - 1, box[0]), min(core[1] + 1, box[1])
    start = max(core[2] - 1, box[2])
    middle_x, middle_y = 0.5 * (box[0] + box[1]), 0.5 * (box[2] + box[3])
    above = np.empty(last - first + 1, np.bool_)
    below = np.empty(last - first + 1, np.bool_)
    _within(expansion, first - middle_x, start - middle_y, limit, below)
    for row in range(start, min(core[3] + 1, box[3])):
        above, below = below, above
        _within(expansion, first - middle_x, row + 1 - middle_y, limit, below)
        for i in range(last - first):
            if above[i] | above[i + 1] | below[i] | below[i + 1]:
                u = first + i
                if not (0 <= row < image.shape[0] and 0 <= u < image.shape[1]):
                    return -1
                if not (usable[row, u] and trusted[0] < image[row, u] < trusted[1]):
                    return -1
                signal[n] = (row - box[2]) * width + u - box[0]
                n += 1
    return n


@compiled
def _within(expansion: Floats, x: float, y: float, limit: float, inside: Mask) -> None:
    """Which corners at x, x + 1, … of a row lie within the circle."""
    c, d = expansion[0], expansion[1]
    c0, c1, c2 = c[0] + y * (c[2] + c[5] * y), c[1] + c[4] * y, c[3]
    d0, d1, d2 = d[0] + y * (d[2] + d[5] * y), d[1] + d[4] * y, d[3]
    for i in range(len(inside)):
        u = x + i
        first = c0 + u * (c1 + c2 * u)
        second = d0 + u * (d1 + d2 * u)
        inside[i] = first * first + second * second <= limit


@compiled
def _take_box(
    image: Pixels, usable: Mask, trusted: Pair, box: Integers, width: int, values: Floats,
    weights: Floats,
) -> None:  # fmt: skip
    """Copy a box into the buffers: values, and weights 1, both 0 for what cannot be used."""
    values[:] = 0.0
    weights[:] = 0.0
    left, right = max(0, box[0]), min(image.shape[1], box[1])
    for row in range(max(0, box[2]), min(image.shape[0], box[3])):
        first = (row - box[2]) * width + left - box[0]
        place = slice(first, first + right - left)
        _take_row(
            image[row][left:right], usable[row][left:right], trusted[0], trusted[1],
            values[place], weights[place],
        )  # fmt: skip


@compiled
def _take_row(
    image: Pixels, usable: Mask, low: float, high: float, values: Floats, weights: Floats
) -> None:
    for i in range(len(image)):
        value = float(image[i])
        good = usable[i] & (low < value) & (value < high)
        values[i] = value if good else 0.0
        weights[i] = 1.0 if good else 0.0


@compiled_fast
def _moments(
    values: Floats, weights: Floats, x: Floats, y: Floats, shift_x: float, shift_y: float
) -> Sums:
    """Weighted sums of 1, x, y, xx, xy, yy, v, vx, vy: whole numbers, exact in any order."""
    n = sx = sy = sxx = sxy = syy = sv = svx = svy = 0.0
    for k in range(len(values)):
        w, u, v = weights[k], x[k] + shift_x, y[k] + shift_y
        n += w
        sx += w * u
        sy += w * v
        sxx += w * u * u
        sxy += w * u * v
        syy += w * v * v
        sv += w * values[k]
        svx += w * values[k] * u
        svy += w * values[k] * v
    return n, sx, sy, sxx, sxy, syy, sv, svx, svy


@compiled_fast
def _drop_outliers(
    values: Floats, weights: Floats, x: Floats, y: Floats, a: float, b: float, corner: float,
    middle: float,
) -> bool:  # fmt: skip
    """Unweigh pixels far from the plane with the values `corner` and `middle` there."""
    worst = OUTLIER_SIGMA * math.sqrt(abs(middle))
    dropped = 0.0
    for k in range(len(values)):
        level = a * x[k] + b * y[k] + corner
        kept = weights[k] if abs(values[k] - level) <= worst else 0.0
        dropped += weights[k] - kept
        weights[k] = kept
    return dropped > 0.0


@compiled
def _plane(sums: Sums) -> tuple[float, float, float, bool]:
    """Slopes along fast and slow and the value in the middle, by Cramer's rule; found or not."""
    n, x, y, xx, xy, yy, v, vx, vy = sums
    d = n * (xx * yy - xy * xy) - x * (x * yy - xy * y) + y * (x * xy - xx * y)
    if n < 3.0 or abs(d) < 1e-9:
        return 0.0, 0.0, 0.0, False
    c = v * (xx * yy - xy * xy) - x * (vx * yy - xy * vy) + y * (vx * xy - xx * vy)
    a = n * (vx * yy - xy * vy) - v * (x * yy - xy * y) + y * (x * vy - vx * y)
    b = n * (xx * vy - vx * xy) - x * (x * vy - vx * y) + v * (x * xy - xx * y)
    return a / d, b / d, c / d, True
