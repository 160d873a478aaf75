"""Strong pixels by the index of dispersion, exactly as DIALS finds them, with running sums.

Both algorithms of DIALS's spotfinder (`dispersion` and `dispersion_extended`; Winter et al. 2018,
Acta Cryst. D74, 85, section 2.2). Sums of whole numbers are exact in float64, and comparisons are
written in DIALS's order of operations, so that the same pixels come out. Column sums are kept from
row to row; whole rows are summed and compared at once, in short loops that compile to vector
instructions, with limits a little too wide, and only the suspects are looked at one by one.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

LARGEST = float(1 << 24)  # values at or above this are left out of the sums
WORD = 8  # flags are skipped eight at a time

Image = NDArray[np.int32] | NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int32]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
Pair = tuple[float, float]


@compiled
def strong_pixels(
    pixels: Image, usable: Mask, starts: Integers, shapes: Integers, trusted: Floats,
    kernel: tuple[int, int], sigmas: Pair, gain: float, global_threshold: float, min_count: int,
    extended: bool, strong: Mask,
) -> tuple[Places, Integers]:  # fmt: skip
    """`threshold` of all panels: their strong pixels one after another, and how many each has.

    `pixels`, `usable` and `strong` are flat (pixels.py); `trusted` has the shape [n, 2].
    """
    found = np.empty(len(pixels), np.int32)
    numbers = np.zeros(len(shapes), np.int64)
    n_found = 0
    for p in range(len(shapes)):
        part = slice(starts[p], starts[p + 1])
        shape = (shapes[p, 0], shapes[p, 1])
        mine = threshold(
            pixels[part].reshape(shape), usable[part].reshape(shape),
            (trusted[p, 0], trusted[p, 1]), kernel, sigmas, gain, global_threshold, min_count,
            extended, strong[part].reshape(shape),
        )  # fmt: skip
        found[n_found : n_found + len(mine)] = mine
        numbers[p] = len(mine)
        n_found += len(mine)
    return found[:n_found].copy(), numbers


@compiled
def threshold(
    image: Image, usable: Mask, trusted: Pair, kernel: tuple[int, int], sigmas: Pair, gain: float,
    global_threshold: float, min_count: int, extended: bool, strong: Mask,
) -> Places:  # fmt: skip
    """Flat indices of the strong pixels of one panel in rising order; `strong` is set as well.

    `image`, `usable` and `strong` have the shape (slow, fast); a pixel counts where it is usable
    and its value lies strictly within `trusted`. `kernel` is (slow, fast) half widths, `sigmas`
    (background, strong); `gain` 0 stands for DIALS's formula without a gain map.
    """
    n_slow, n_fast = image.shape
    k_slow, k_fast = kernel
    depth = 2 * k_slow + 1
    n_kernel = depth * (2 * k_fast + 1)
    limits = (trusted[0], min(trusted[1], LARGEST))
    needed = n_kernel if min_count <= 0 else min_count
    values, counts = np.zeros((depth + 1, n_fast)), np.zeros((depth + 1, n_fast), np.uint8)
    columns, boxes = np.zeros((3, n_fast + 2 * k_fast)), np.zeros((3, n_fast))
    flags = np.zeros((n_fast + WORD - 1) // WORD * WORD, np.uint8)
    found = np.empty(n_slow * n_fast, np.int32)
    n_found = 0
    for row in range(-k_slow, n_slow):
        _take_row(image, usable, row + k_slow, limits, k_fast, values, counts, columns, boxes)
        if row >= 0:
            _suspect(boxes, float(needed), sigmas, gain, n_kernel, flags[:n_fast])
            if not extended:
                _suspect_bright(image[row], boxes, sigmas[1], gain, global_threshold, flags)
            strong[row] = False
            n_found = _keep_strong(
                image, usable, row, trusted, boxes, sigmas, gain, extended, flags, strong, found,
                n_found,
            )  # fmt: skip
    if not extended:
        return found[:n_found].copy()
    return _extend(
        image, usable, trusted, kernel, sigmas[1], gain, global_threshold, strong, found[:n_found]
    )


@compiled
def _take_row(
    image: Image, usable: Mask, row: int, limits: Pair, left: int, values: Floats, counts: Flags,
    columns: Floats, boxes: Floats,
) -> None:  # fmt: skip
    """Let a row in, the oldest one out, and sum the boxes: number, sum, sum of squares.

    `values` and `counts` hold the rows of a box; their last row is for the one that comes in.
    """
    n_slow, n_fast = image.shape
    depth = len(values) - 1
    slot, new, count = row % depth, values[depth], counts[depth]
    if row < n_slow:
        _values_of(image[row], usable[row], limits[0], limits[1], new, count)
    else:
        new[:] = 0.0
        count[:] = 0
    if _differ(count, counts[slot]):
        _replace(columns[0, left : left + n_fast], count, counts[slot])
        counts[slot] = count
        _sum_boxes(columns[0], left, boxes[0])
    _replace(columns[1, left : left + n_fast], new, values[slot])
    _replace_squares(columns[2, left : left + n_fast], new, values[slot])
    values[slot] = new
    _sum_boxes(columns[1], left, boxes[1])
    _sum_boxes(columns[2], left, boxes[2])


@compiled
def _values_of(
    image: Image, usable: Mask, low: float, high: float, values: Floats, count: Flags
) -> None:
    for i in range(len(image)):
        value = float(image[i])
        inside = usable[i] & (low < value) & (value < high)
        values[i] = value if inside else 0.0
        count[i] = inside


@compiled
def _differ(first: Flags, second: Flags) -> bool:
    different = 0
    for i in range(len(first)):
        different |= first[i] ^ second[i]
    return different > 0


@compiled
def _replace(column: Floats, new: Floats | Flags, old: Floats | Flags) -> None:
    for i in range(len(new)):
        column[i] += float(new[i]) - float(old[i])


@compiled
def _replace_squares(column: Floats, new: Floats, old: Floats) -> None:
    for i in range(len(new)):
        column[i] += new[i] * new[i] - old[i] * old[i]


@compiled
def _sum_boxes(column: Floats, k: int, box: Floats) -> None:
    """Sums over 2 k + 1 neighbours; DIALS's usual k = 3 in one go."""
    n = len(box)
    if k == 3:
        c0, c1, c2, c3 = column[:n], column[1 : n + 1], column[2 : n + 2], column[3 : n + 3]
        c4, c5, c6 = column[4 : n + 4], column[5 : n + 5], column[6 : n + 6]
        for i in range(n):
            box[i] = ((c0[i] + c1[i]) + (c2[i] + c3[i])) + ((c4[i] + c5[i]) + c6[i])
        return
    box[:] = column[:n]
    for j in range(1, 2 * k + 1):
        shifted = column[j : j + n]
        for i in range(n):
            box[i] += shifted[i]


@compiled
def _suspect(
    boxes: Floats, needed: float, sigmas: Pair, gain: float, n_kernel: int, flags: Flags,
) -> None:  # fmt: skip
    """Flag pixels whose surroundings may be dispersed: all that are, and few others.

    The chord of √(2 (m − 1)) between 1 and the full kernel lies below it.
    """
    m, x, y = boxes[0], boxes[1], boxes[2]
    chord = 1.0 + sigmas[0] * math.sqrt(2.0 / max(n_kernel - 1, 1))
    scale = (gain if gain > 0.0 else 1.0) * chord * (1.0 - 1e-9)
    for i in range(len(flags)):
        spread = m[i] * y[i] - x[i] * x[i]
        flags[i] = (spread > x[i] * (m[i] - 1.0) * scale) & (m[i] >= needed) & (x[i] >= 0.0)


@compiled
def _suspect_bright(
    image: Image, boxes: Floats, sigma: float, gain: float, global_threshold: float, flags: Flags
) -> None:
    """Unflag pixels that are surely no brighter than the mean around them."""
    m, x = boxes[0], boxes[1]
    scale = sigma * sigma * (gain if gain > 0.0 else 1.0)
    for i in range(len(image)):
        value = float(image[i])
        b = m[i] * value - x[i]
        bright = (b >= 0.0) & (b * b * 1.000001 >= scale * x[i] * m[i])
        flags[i] &= bright & (value > global_threshold)


@compiled
def _keep_strong(
    image: Image, usable: Mask, row: int, trusted: Pair, boxes: Floats, sigmas: Pair, gain: float,
    extended: bool, flags: Flags, strong: Mask, found: Places, n_found: int,
) -> int:  # fmt: skip
    """Append the flagged pixels of a row that are strong by DIALS's formula; the new number."""
    n_fast, words = image.shape[1], flags.view(np.uint64)
    for word in range(len(words)):
        end = min(WORD * word + WORD, n_fast) if words[word] else 0
        for i in range(WORD * word, end):
            value = float(image[row, i])
            inside = usable[row, i] and trusted[0] < value < trusted[1]
            if flags[i] and inside and _is_strong(boxes[:, i], value, sigmas, gain, extended):
                strong[row, i] = True
                found[n_found] = row * n_fast + i
                n_found += 1
    return n_found


@compiled
def _is_strong(sums: Floats, value: float, sigmas: Pair, gain: float, extended: bool) -> bool:
    m, x, y = sums[0], sums[1], sums[2]
    spread = math.sqrt(2.0 * max(m - 1.0, 0.0))
    if gain == 0.0:
        dispersed = m * y - x * x - x * (m - 1) > x * sigmas[0] * spread
        limit = sigmas[1] * math.sqrt(x * m)
    else:
        dispersed = m * y - x * x > gain * x * (m - 1 + sigmas[0] * spread)
        limit = sigmas[1] * math.sqrt(gain * x * m)
    return dispersed and (extended or m * value - x > limit)


@compiled
def _extend(
    image: Image, usable: Mask, trusted: Pair, kernel: tuple[int, int], sigma_s: float,
    gain: float, global_threshold: float, strong: Mask, dispersed: Places,
) -> Places:  # fmt: skip
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
    _mark(strong, dispersed, eroded)
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
    _mark(strong, eroded, kept[:n])
    return kept[:n].copy()


@compiled
def _mark(strong: Mask, old: Places, new: Places) -> None:
    n_fast = strong.shape[1]
    for k in old:
        strong[k // n_fast, k % n_fast] = False
    for k in new:
        strong[k // n_fast, k % n_fast] = True


@compiled
def _all_set(flags: Mask, j: int, i: int, reach: int) -> bool:
    """Whether all pixels within a Chebyshev distance of `reach` are set; outside counts as set."""
    for v in range(max(0, j - reach), min(flags.shape[0], j + reach + 1)):
        for u in range(max(0, i - reach), min(flags.shape[1], i + reach + 1)):
            if not flags[v, u]:
                return False
    return True


@compiled
def _background(
    image: Image, usable: Mask, trusted: Pair, excluded: Mask, j: int, i: int, k_slow: int,
    k_fast: int,
) -> Pair:  # fmt: skip
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
