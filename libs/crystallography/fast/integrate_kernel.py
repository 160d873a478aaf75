"""The loops of summation integration, with DIALS's foreground region and a plane as background.

Foreground: pixels with a corner within `reach` (rad) of the predicted ray in Kabsch's coordinates
(Kabsch 2010, Acta Cryst. D66, 133). Background: the other usable pixels in a box of twice that
size, a plane through them without outliers beyond 4 σ.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled
from libs.crystallography.fast.detector import attenuation_length

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OUTLIER_SIGMA = 4.0
FEWEST_BACKGROUND = 10
BOX = 2.0
FOREGROUND = 1
BACKGROUND = 2


@compiled
def integrate_panel(
    image: NDArray[np.int32] | Floats, usable: NDArray[np.bool_], trusted: tuple[float, float],
    rays: Floats, s0: Floats, reach: float, origin: Floats, fast: Floats,
    slow: Floats, pixel: Floats, absorption: Floats, projection: Floats,
) -> Floats:  # fmt: skip
    """Intensity, variance and background sum [n, 3] of reflections on one panel, NaN where none.

    `rays` are s1 (1/Å) [n, 3]; a reflection with an unusable foreground pixel has none.
    """
    n_slow, n_fast = image.shape
    result = np.full((len(rays), 3), np.nan)
    e1 = np.empty(3)
    coefficients = np.empty((2, 6))
    for n in range(len(rays)):
        s1 = rays[n] / math.sqrt((rays[n] * rays[n]).sum())
        _cross(s1, s0, e1)
        e1 /= math.sqrt((e1 * e1).sum())
        e2 = np.empty(3)
        _cross(s1, e1, e2)
        depth = 0.0
        if absorption[0] > 0.0:
            depth = attenuation_length(absorption[0], absorption[1], s1, fast, slow, origin)
        left, right, top, bottom = _box(
            s1, e1, e2, BOX * reach, projection, pixel, fast, slow, depth
        )
        if right <= 0 or bottom <= 0 or left >= n_fast or top >= n_slow:
            continue
        if right - left > 200 or bottom - top > 200:
            continue
        width = right - left
        height = bottom - top
        middle_x = 0.5 * (left + right)
        middle_y = 0.5 * (top + bottom)
        half = 0.5 * max(width, height) / BOX
        _expand(
            middle_x, middle_y, half, s1, e1, e2, origin, fast, slow, pixel, depth, coefficients
        )
        corners = np.empty((height + 1, width + 1))
        for j in range(height + 1):
            y = top + j - middle_y
            for i in range(width + 1):
                x = left + i - middle_x
                corners[j, i] = _at(coefficients[0], x, y) ** 2 + _at(coefficients[1], x, y) ** 2
        result[n] = _sum_box(
            image, usable, trusted, corners, reach * reach, left, top, width, height
        )
    return result


@compiled
def _cross(a: Floats, b: Floats, result: Floats) -> None:
    result[0] = a[1] * b[2] - a[2] * b[1]
    result[1] = a[2] * b[0] - a[0] * b[2]
    result[2] = a[0] * b[1] - a[1] * b[0]


@compiled
def _box(
    s1: Floats, e1: Floats, e2: Floats, reach: float, projection: Floats, pixel: Floats,
    fast: Floats, slow: Floats, depth: float,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Pixels that hold the square of half width `reach` (rad) about the ray: left, right, …"""
    left = top = 1e9
    right = bottom = -1e9
    for corner in range(4):
        a = reach if corner % 2 else -reach
        b = reach if corner // 2 else -reach
        rest = math.sqrt(max(0.0, 1.0 - a * a - b * b))
        ray = rest * s1 + a * e1 + b * e2
        w = (projection[2] * ray).sum()
        x = ((projection[0] * ray).sum() / w + depth * (ray * fast).sum()) / pixel[0]
        y = ((projection[1] * ray).sum() / w + depth * (ray * slow).sum()) / pixel[1]
        left = min(left, x)
        right = max(right, x)
        top = min(top, y)
        bottom = max(bottom, y)
    return math.floor(left), math.ceil(right), math.floor(top), math.ceil(bottom)


@compiled
def _expand(
    x: float, y: float, half: float, s1: Floats, e1: Floats, e2: Floats, origin: Floats,
    fast: Floats, slow: Floats, pixel: Floats, depth: float, coefficients: Floats,
) -> None:  # fmt: skip
    """Kabsch's coordinates near (x, y) px as quadratic forms, fitted over ± `half` pixels.

    The rows hold the terms 1, x, y, xx, xy, yy; exact to a thousandth of a pixel.
    """
    grid = np.empty((3, 3, 2))
    for j in range(3):
        for i in range(3):
            u = (x + (i - 1) * half) * pixel[0]
            v = (y + (j - 1) * half) * pixel[1]
            grid[j, i] = _kabsch(u, v, s1, e1, e2, origin, fast, slow, depth)
    for k in range(2):
        g = grid[:, :, k]
        coefficients[k, 0] = g[1, 1]
        coefficients[k, 1] = (g[1, 2] - g[1, 0]) / (2.0 * half)
        coefficients[k, 2] = (g[2, 1] - g[0, 1]) / (2.0 * half)
        coefficients[k, 3] = (g[1, 2] + g[1, 0] - 2.0 * g[1, 1]) / (2.0 * half * half)
        coefficients[k, 4] = (g[2, 2] - g[2, 0] - g[0, 2] + g[0, 0]) / (4.0 * half * half)
        coefficients[k, 5] = (g[2, 1] + g[0, 1] - 2.0 * g[1, 1]) / (2.0 * half * half)


@compiled
def _at(c: Floats, x: float, y: float) -> float:
    value: float = c[0] + x * (c[1] + c[3] * x + c[4] * y) + y * (c[2] + c[5] * y)
    return value


@compiled
def _kabsch(
    x: float, y: float, s1: Floats, e1: Floats, e2: Floats, origin: Floats, fast: Floats,
    slow: Floats, depth: float,
) -> tuple[float, float]:  # fmt: skip
    """Angles (rad) along e1 and e2 between the ray and a place (mm) with parallax undone."""
    px = origin[0] + x * fast[0] + y * slow[0]
    py = origin[1] + x * fast[1] + y * slow[1]
    pz = origin[2] + x * fast[2] + y * slow[2]
    if depth > 0.0:
        length = math.sqrt(px * px + py * py + pz * pz)
        along = depth * (px * fast[0] + py * fast[1] + pz * fast[2]) / length
        down = depth * (px * slow[0] + py * slow[1] + pz * slow[2]) / length
        px -= along * fast[0] + down * slow[0]
        py -= along * fast[1] + down * slow[1]
        pz -= along * fast[2] + down * slow[2]
    length = math.sqrt(px * px + py * py + pz * pz)
    px = px / length - s1[0]
    py = py / length - s1[1]
    pz = pz / length - s1[2]
    a = px * e1[0] + py * e1[1] + pz * e1[2]
    b = px * e2[0] + py * e2[1] + pz * e2[2]
    return a, b


@compiled
def _sum_box(
    image: NDArray[np.int32] | Floats, usable: NDArray[np.bool_], trusted: tuple[float, float],
    corners: Floats, limit: float, left: int, top: int, width: int, height: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Intensity, variance, background sum of one reflection, NaN where it cannot be summed."""
    nothing = (math.nan, math.nan, math.nan)
    values = np.empty((height, width))
    kind = np.zeros((height, width), np.int8)
    sums = np.zeros(9)
    n_signal = _classify(image, usable, trusted, corners, limit, left, top, values, kind, sums)
    a, b, c, fitted = _plane(sums)
    if n_signal < 0 or not fitted or sums[0] < FEWEST_BACKGROUND:
        return nothing
    _drop_outliers(values, kind, sums, a, b, c)
    a, b, c, fitted = _plane(sums)
    if not fitted or sums[0] < FEWEST_BACKGROUND:
        return nothing
    total = 0.0
    background = 0.0
    for j in range(height):
        for i in range(width):
            if kind[j, i] == FOREGROUND:
                total += values[j, i]
                background += a * (i - width // 2) + b * (j - height // 2) + c
    intensity = total - background
    variance = abs(intensity) + abs(background) * (1.0 + n_signal / sums[0])
    return intensity, variance, background


@compiled
def _classify(
    image: NDArray[np.int32] | Floats, usable: NDArray[np.bool_], trusted: tuple[float, float],
    corners: Floats, limit: float, left: int, top: int, values: Floats,
    kind: NDArray[np.int8], sums: Floats,
) -> int:  # fmt: skip
    """Sort the pixels of a box; how many are foreground, −1 where one of those is unusable.

    `sums` gets the background's sums of 1, x, y, xx, xy, yy, v, vx, vy; x and y from the middle.
    """
    height, width = kind.shape
    n_slow, n_fast = image.shape
    n_signal = 0
    for j in range(height):
        v = top + j
        n = sx = sxx = sv = svx = 0.0
        for i in range(width):
            u = left + i
            good = 0 <= v < n_slow and 0 <= u < n_fast
            value = 0.0
            if good:
                value = float(image[v, u])
                good = usable[v, u] and trusted[0] < value < trusted[1]
            values[j, i] = value
            nearest = min(
                min(corners[j, i], corners[j, i + 1]), min(corners[j + 1, i], corners[j + 1, i + 1])
            )
            if nearest <= limit:
                if not good:
                    return -1
                kind[j, i] = FOREGROUND
                n_signal += 1
            elif good:
                kind[j, i] = BACKGROUND
                x = i - width // 2
                n += 1.0
                sx += x
                sxx += x * x
                sv += value
                svx += value * x
        y = j - height // 2
        sums[0] += n
        sums[1] += sx
        sums[2] += n * y
        sums[3] += sxx
        sums[4] += sx * y
        sums[5] += n * y * y
        sums[6] += sv
        sums[7] += svx
        sums[8] += sv * y
    return n_signal


@compiled
def _drop_outliers(
    values: Floats, kind: NDArray[np.int8], sums: Floats, a: float, b: float, c: float
) -> None:
    """Take background pixels far from the plane a x + b y + c out of the sums."""
    height, width = kind.shape
    worst = OUTLIER_SIGMA * math.sqrt(abs(c))
    for j in range(height):
        y = j - height // 2
        for i in range(width):
            x = i - width // 2
            value = values[j, i]
            if kind[j, i] == BACKGROUND and abs(value - (a * x + b * y + c)) > worst:
                sums[0] -= 1.0
                sums[1] -= x
                sums[2] -= y
                sums[3] -= x * x
                sums[4] -= x * y
                sums[5] -= y * y
                sums[6] -= value
                sums[7] -= value * x
                sums[8] -= value * y


@compiled
def _plane(sums: Floats) -> tuple[float, float, float, bool]:
    """Slopes along fast and slow and the value in the middle, by Cramer's rule; found or not."""
    n, x, y, xx, xy, yy, v, vx, vy = sums
    d = n * (xx * yy - xy * xy) - x * (x * yy - xy * y) + y * (x * xy - xx * y)
    if n < 3.0 or abs(d) < 1e-9:
        return 0.0, 0.0, 0.0, False
    c = v * (xx * yy - xy * xy) - x * (vx * yy - xy * vy) + y * (vx * xy - xx * vy)
    a = n * (vx * yy - xy * vy) - v * (x * yy - xy * y) + y * (x * vy - vx * y)
    b = n * (xx * vy - vx * xy) - x * (x * vy - vx * y) + v * (x * xy - xx * y)
    return a / d, b / d, c / d, True
