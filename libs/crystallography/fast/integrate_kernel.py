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
        corners = np.full((height + 1, width + 1), np.inf)
        near = (0.5 * max(width, height) / BOX * 1.1 + 2.0) ** 2
        for j in range(height + 1):
            for i in range(width + 1):
                if (i - 0.5 * width) ** 2 + (j - 0.5 * height) ** 2 > near:
                    continue
                x = (left + i) * pixel[0]
                y = (top + j) * pixel[1]
                corners[j, i] = _distance_squared(x, y, s1, e1, e2, origin, fast, slow, depth)
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
def _distance_squared(
    x: float, y: float, s1: Floats, e1: Floats, e2: Floats, origin: Floats, fast: Floats,
    slow: Floats, depth: float,
) -> float:  # fmt: skip
    """Squared angle (rad²) between the ray and a place on the panel, without parallax."""
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
    squared: float = a * a + b * b
    return squared


@compiled
def _sum_box(
    image: NDArray[np.int32] | Floats, usable: NDArray[np.bool_], trusted: tuple[float, float],
    corners: Floats, limit: float, left: int, top: int, width: int, height: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Intensity, variance, background sum of one reflection, NaN where it cannot be summed."""
    nothing = (math.nan, math.nan, math.nan)
    foreground = np.empty((width * height, 3))
    around = np.empty((width * height, 3))
    n_signal, n_background = _collect(
        image, usable, trusted, corners, limit, left, top, width, height, foreground, around
    )
    if n_signal < 0 or n_background < FEWEST_BACKGROUND:
        return nothing
    sums = np.zeros(9)
    for n in range(n_background):
        _add(sums, around[n, 0], around[n, 1], around[n, 2], 1.0)
    a, b, c, fitted = _plane(sums)
    if not fitted:
        return nothing
    worst = OUTLIER_SIGMA * math.sqrt(abs(c))
    for n in range(n_background):
        x, y, value = around[n, 0], around[n, 1], around[n, 2]
        if abs(value - (a * x + b * y + c)) > worst:
            _add(sums, x, y, value, -1.0)
    a, b, c, fitted = _plane(sums)
    if not fitted or sums[0] < FEWEST_BACKGROUND:
        return nothing
    total = 0.0
    background = 0.0
    for n in range(n_signal):
        total += foreground[n, 2]
        background += a * foreground[n, 0] + b * foreground[n, 1] + c
    intensity = total - background
    variance = abs(intensity) + abs(background) * (1.0 + n_signal / sums[0])
    return intensity, variance, background


@compiled
def _collect(
    image: NDArray[np.int32] | Floats, usable: NDArray[np.bool_], trusted: tuple[float, float],
    corners: Floats, limit: float, left: int, top: int, width: int, height: int,
    foreground: Floats, around: Floats,
) -> tuple[int, int]:  # fmt: skip
    """Rows x, y (from the middle), value of the two kinds of pixels; −1 where one is unusable."""
    n_slow, n_fast = image.shape
    n_signal = 0
    n_background = 0
    for j in range(height):
        v = top + j
        for i in range(width):
            u = left + i
            inside = (
                corners[j, i] <= limit
                or corners[j, i + 1] <= limit
                or corners[j + 1, i] <= limit
                or corners[j + 1, i + 1] <= limit
            )
            good = 0 <= v < n_slow and 0 <= u < n_fast
            value = 0.0
            if good:
                value = float(image[v, u])
                good = usable[v, u] and trusted[0] < value < trusted[1]
            if inside:
                if not good:
                    return -1, 0
                foreground[n_signal, 0] = i - width // 2
                foreground[n_signal, 1] = j - height // 2
                foreground[n_signal, 2] = value
                n_signal += 1
            elif good:
                around[n_background, 0] = i - width // 2
                around[n_background, 1] = j - height // 2
                around[n_background, 2] = value
                n_background += 1
    return n_signal, n_background


@compiled
def _add(sums: Floats, x: float, y: float, value: float, sign: float) -> None:
    """Sums of 1, x, y, xx, xy, yy, v, vx, vy."""
    sums[0] += sign
    sums[1] += sign * x
    sums[2] += sign * y
    sums[3] += sign * x * x
    sums[4] += sign * x * y
    sums[5] += sign * y * y
    sums[6] += sign * value
    sums[7] += sign * value * x
    sums[8] += sign * value * y


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
