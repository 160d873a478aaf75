"""Strong pixels by the index of dispersion, exactly as DIALS finds them, with running sums.

Both algorithms of DIALS's spotfinder (`dispersion` and `dispersion_extended`; Winter et al. 2018,
Acta Cryst. D74, 85, section 2.2). Sums of whole numbers are exact in float64, and comparisons are
written in DIALS's order of operations, so that the same pixels come out. Column sums are kept from
row to row and box sums from pixel to pixel; the extended algorithm's second pass visits only the
pixels that the first one left. Knows one panel at a time and no geometry.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

LARGEST = float(1 << 24)
"""Values at or above this are left out of the sums."""

Image = NDArray[np.int32] | NDArray[np.float64]


@compiled
def threshold(
    image: Image,
    usable: NDArray[np.bool_],
    trusted: tuple[float, float],
    kernel: tuple[int, int],
    sigmas: tuple[float, float],
    gain: float,
    global_threshold: float,
    min_count: int,
    extended: bool,
    strong: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Flat indices of the strong pixels of one panel in rising order; `strong` is set as well.

    `image`, `usable` and `strong` have the shape (slow, fast); a pixel counts where it is usable
    and its value lies strictly within `trusted`. `kernel` is (slow, fast) half widths, `sigmas`
    (background, strong); `gain` 0 stands for DIALS's formula without a gain map.
    """
    n_slow, n_fast = image.shape
    k_slow, k_fast = kernel
    low, high = trusted
    sigma_b, sigma_s = sigmas
    depth = 2 * k_slow + 1
    width = n_fast + 2 * k_fast
    values = np.zeros((depth, width))
    counted = np.zeros((depth, width))
    column_n = np.zeros(width)
    column_s = np.zeros(width)
    column_q = np.zeros(width)
    n_kernel = depth * (2 * k_fast + 1)
    root = np.sqrt(2.0 * np.maximum(np.arange(n_kernel + 1) - 1.0, 0.0))
    scale = sigma_s * sigma_s * (gain if gain > 0.0 else 1.0)
    needed = n_kernel if min_count <= 0 else min_count
    found = np.empty(n_slow * n_fast, np.int32)
    n_found = 0
    for row in range(-k_slow, n_slow):
        incoming = row + k_slow
        slot = incoming % depth
        _take_row(
            image, usable, incoming, low, high, k_fast,
            values[slot], counted[slot], column_n, column_s, column_q,
        )  # fmt: skip
        if row < 0:
            continue
        m = 0.0
        x = 0.0
        y = 0.0
        for i in range(2 * k_fast):
            m += column_n[i]
            x += column_s[i]
            y += column_q[i]
        for i in range(n_fast):
            m += column_n[i + 2 * k_fast]
            x += column_s[i + 2 * k_fast]
            y += column_q[i + 2 * k_fast]
            value = float(image[row, i])
            is_strong = False
            b = m * value - x
            maybe = (b >= 0) & (b * b * 1.000001 >= scale * x * m)
            maybe &= value > global_threshold
            if (m >= needed) & (x >= 0) & (maybe | extended):
                spread = root[int(m)]
                if gain == 0.0:
                    is_strong = m * y - x * x - x * (m - 1) > x * sigma_b * spread
                    d = sigma_s * math.sqrt(x * m)
                else:
                    is_strong = m * y - x * x > gain * x * (m - 1 + sigma_b * spread)
                    d = sigma_s * math.sqrt(gain * x * m)
                if is_strong:
                    is_strong = (extended or b > d) and usable[row, i] and low < value < high
            strong[row, i] = is_strong
            if is_strong:
                found[n_found] = row * n_fast + i
                n_found += 1
            m -= column_n[i]
            x -= column_s[i]
            y -= column_q[i]
    if not extended:
        return found[:n_found].copy()
    return _extend(
        image, usable, trusted, kernel, sigma_s, gain, global_threshold, strong, found[:n_found]
    )


@compiled
def _take_row(
    image: Image,
    usable: NDArray[np.bool_],
    row: int,
    low: float,
    high: float,
    left: int,
    values: NDArray[np.float64],
    counted: NDArray[np.float64],
    column_n: NDArray[np.float64],
    column_s: NDArray[np.float64],
    column_q: NDArray[np.float64],
) -> None:
    """Put a row into its slot, and the change into the column sums."""
    n_slow, n_fast = image.shape
    inside = row < n_slow
    for i in range(n_fast):
        value = 0.0
        count = 0.0
        if inside:
            v = float(image[row, i])
            if usable[row, i] and low < v < high and v < LARGEST:
                value = v
                count = 1.0
        j = i + left
        old = values[j]
        column_n[j] += count - counted[j]
        column_s[j] += value - old
        column_q[j] += value * value - old * old
        values[j] = value
        counted[j] = count


@compiled
def _extend(
    image: Image,
    usable: NDArray[np.bool_],
    trusted: tuple[float, float],
    kernel: tuple[int, int],
    sigma_s: float,
    gain: float,
    global_threshold: float,
    strong: NDArray[np.bool_],
    dispersed: NDArray[np.int32],
) -> NDArray[np.int32]:
    """The extended algorithm: erode the dispersed pixels, then compare with the mean around."""
    n_fast = image.shape[1]
    reach = min(kernel[0], kernel[1]) - 1
    eroded = dispersed.copy()
    n = 0
    for k in dispersed:
        if _all_set(strong, k // n_fast, k % n_fast, reach):
            eroded[n] = k
            n += 1
    eroded = eroded[:n]
    for k in dispersed:
        strong[k // n_fast, k % n_fast] = False
    for k in eroded:
        strong[k // n_fast, k % n_fast] = True
    kept = eroded.copy()
    n = 0
    for k in eroded:
        j, i = k // n_fast, k % n_fast
        value = float(image[j, i])
        if value > global_threshold:
            m, x = _background(image, usable, trusted, strong, j, i, kernel[0] + 2, kernel[1] + 2)
            mean = x / m if m >= 2 else 0.0
            noise = mean if gain == 0.0 else gain * mean
            if x >= 0 and value >= mean + sigma_s * math.sqrt(noise):
                kept[n] = k
                n += 1
    for k in eroded:
        strong[k // n_fast, k % n_fast] = False
    for k in kept[:n]:
        strong[k // n_fast, k % n_fast] = True
    return kept[:n].copy()


@compiled
def _all_set(flags: NDArray[np.bool_], j: int, i: int, reach: int) -> bool:
    """Whether all pixels within a Chebyshev distance of `reach` are set; outside counts as set."""
    for v in range(max(0, j - reach), min(flags.shape[0], j + reach + 1)):
        for u in range(max(0, i - reach), min(flags.shape[1], i + reach + 1)):
            if not flags[v, u]:
                return False
    return True


@compiled
def _background(
    image: Image,
    usable: NDArray[np.bool_],
    trusted: tuple[float, float],
    excluded: NDArray[np.bool_],
    j: int,
    i: int,
    k_slow: int,
    k_fast: int,
) -> tuple[float, float]:
    """Number and sum of the usable pixels in a box around (j, i) that are not excluded."""
    m = 0.0
    x = 0.0
    for v in range(max(0, j - k_slow), min(image.shape[0], j + k_slow + 1)):
        for u in range(max(0, i - k_fast), min(image.shape[1], i + k_fast + 1)):
            value = float(image[v, u])
            inside = usable[v, u] and trusted[0] < value < trusted[1] and value < LARGEST
            if inside and not excluded[v, u]:
                m += 1.0
                x += value
    return m, x
