"""Pixels that pass DIALS's index of dispersion, exactly, with running sums.

That is DIALS's spotfinder `dispersion`, and the first step of `dispersion_extended` (extended.py;
Winter et al. 2018, Acta Cryst. D74, 85, section 2.2). Column sums are kept from row to row; whole
rows are summed and compared at once, in short loops that compile to vector instructions, in float32
with limits a little too wide; only suspects are looked at one by one, as DIALS does it.

Sums of whole numbers are exact: those of int32 pixels in int32 (sums of squares wrap around where a
pixel is wide; all that lies around such a pixel is suspect), those of other pixels in float64.
"""

import math
from typing import Any

import numpy as np

from libs.crystallography.fast.compiled import compiled
from libs.crystallography.fast.window import Flags, Image, Integers, Mask, Places, Rule, Window

WORD = 8  # flags are skipped eight at a time
SLACK = 1e-6
"""Relative; more than the roundings of float32 add up to."""


@compiled
def passing_pixels(
    images: Image, usable: Mask, strong: Mask, bounds: Image, rule: Rule
) -> tuple[Places, Integers]:
    """The passing pixels of panels that are alike; images [panel, slow, fast].

    Numbers within the panels, rising, one panel after another, and how many each has; `strong` is
    set as well. A pixel counts where it is usable and lies within the first two `bounds`, and is
    summed up to the third.
    """
    n_panels, n_slow, n_fast = images.shape
    k_slow, k_fast = rule.kernel
    width = (n_fast + k_fast + WORD - 1) // WORD * WORD
    depth, n = 2 * k_slow + 1, n_panels * width
    window = Window(
        np.zeros((depth + 1, n), images.dtype), np.zeros((depth + 1, n), np.uint8),
        np.zeros((3, n + 2 * k_fast), images.dtype), np.zeros((3, n), images.dtype),
        np.zeros(n, np.uint8), np.full(n + 1, -1, np.int32), width,
    )  # fmt: skip
    strong[:] = False
    found = np.empty((n_panels, n_slow * n_fast), np.int32)
    numbers = np.zeros(n_panels, np.int64)
    for row in range(-k_slow, n_slow):
        _take_row(images, usable, row + k_slow, bounds, rule, window)
        if row >= 0 and _suspect_row(images, row, window, rule):
            _keep_passing(images, usable, row, bounds, window, rule, strong, found, numbers)
    return _joined(found, numbers), numbers


@compiled
def _joined(found: Places, numbers: Integers) -> Places:
    places = np.empty(numbers.sum(), np.int32)
    n = 0
    for p in range(len(numbers)):
        places[n : n + numbers[p]] = found[p, : numbers[p]]
        n += numbers[p]
    return places


@compiled
def _take_row(
    images: Image, usable: Mask, row: int, bounds: Image, rule: Rule, window: Window
) -> None:
    """Let a row in and the oldest one out."""
    n_panels, n_slow, n_fast = images.shape
    depth, k = len(window.values) - 1, rule.kernel[1]
    new, count = window.values[depth], window.counts[depth]
    old, old_count = window.values[row % depth], window.counts[row % depth]
    is_wide = False
    for p in range(n_panels):
        place = slice(p * window.width, p * window.width + n_fast)
        if row < n_slow:
            is_wide |= _values_of(
                images[p, row], usable[p, row], bounds[0], bounds[2], rule.wide, new[place],
                count[place],
            )  # fmt: skip
        else:
            new[place] = 0
            count[place] = 0
    if is_wide:
        _mark_wide(new, rule, row + rule.kernel[0], window.wide_until)
    inner = slice(k, k + len(new))
    if _differ(count, old_count):
        _replace_count(window.columns[0, inner], count, old_count)
        _sum_boxes(window.columns[0], k, window.boxes[0])
    _replace(window.columns[1, inner], window.columns[2, inner], new, old)


@compiled
def _mark_wide(values: Image, rule: Rule, last_row: int, until: Places) -> None:
    for i in range(len(values)):
        if abs(values[i]) >= rule.wide:
            until[max(0, i - rule.kernel[1]) : i + rule.kernel[1] + 1] = last_row
    until[-1] = last_row


@compiled
def _values_of(
    image: Image, usable: Mask, low: float, high: float, wide: float, values: Image, count: Flags
) -> bool:
    """What is summed of a row; whether a value of it is wide."""
    any_wide = 0
    for i in range(len(image)):
        value = image[i]
        inside = usable[i] & (low <= value) & (value <= high)
        values[i] = value if inside else 0
        count[i] = inside
        any_wide |= inside & ((value >= wide) | (value <= -wide))
    return any_wide > 0


@compiled
def _differ(first: Flags, second: Flags) -> bool:
    different = 0
    for i in range(len(first)):
        different |= first[i] ^ second[i]
    return different > 0


@compiled
def _replace_count(column: Image, new: Flags, old: Flags) -> None:
    for i in range(len(new)):
        column[i] += np.int32(new[i]) - np.int32(old[i])
        old[i] = new[i]


@compiled
def _replace(column: Image, squares: Image, new: Image, old: Image) -> None:
    for i in range(len(new)):
        column[i] += new[i] - old[i]
        squares[i] += new[i] * new[i] - old[i] * old[i]
        old[i] = new[i]


@compiled
def _sum_boxes(column: Image, k: int, box: Image) -> None:
    """Sums over 2 k + 1 neighbours."""
    box[:] = column[: len(box)]
    for j in range(1, 2 * k + 1):
        _add(box, column[j : j + len(box)])


@compiled
def _add(box: Image, column: Image) -> None:
    for i in range(len(box)):
        box[i] += column[i]


@compiled
def _suspect_row(images: Image, row: int, window: Window, rule: Rule) -> bool:
    """Flag all pixels of a row that may pass, and few others; any or none."""
    n_panels, _, n_fast = images.shape
    k, m, x = rule.kernel[1], window.boxes[0], window.boxes[1]
    flags = window.flags
    if k == 3:
        found = _suspect_seven(m, window.columns[1], window.columns[2], x, rule, flags)
    else:
        _sum_boxes(window.columns[1], k, x)
        _sum_boxes(window.columns[2], k, window.boxes[2])
        found = _suspect_any(m, x, window.boxes[2], rule, flags)
    if found and not rule.extended:
        found = False
        for p in range(n_panels):
            place = slice(p * window.width, p * window.width + n_fast)
            found |= _suspect_bright(images[p, row], m[place], x[place], rule, flags[place])
    if row <= window.wide_until[-1]:
        _suspect_wide(window.wide_until, row, flags)
    return found or row <= window.wide_until[-1]


@compiled
def _suspect_seven(
    m: Image, column: Image, squares: Image, x: Image, rule: Rule, flags: Flags
) -> bool:
    """Sum seven neighbours, those of DIALS's usual kernel, and compare in one go; any or none."""
    scale, found = _least_scale(rule), 0
    for i in range(len(flags)):
        left = (squares[i] + squares[i + 1]) + (squares[i + 2] + squares[i + 3])
        y = x.dtype.type(left + ((squares[i + 4] + squares[i + 5]) + squares[i + 6]))
        left = (column[i] + column[i + 1]) + (column[i + 2] + column[i + 3])
        x[i] = left + ((column[i + 4] + column[i + 5]) + column[i + 6])
        flag = _may_be_dispersed(m[i], x[i], y, scale) & (m[i] >= rule.needed)
        flags[i] = flag
        found |= flag
    return found > 0


@compiled
def _suspect_any(m: Image, x: Image, y: Image, rule: Rule, flags: Flags) -> bool:
    scale, found = _least_scale(rule), 0
    for i in range(len(flags)):
        flag = _may_be_dispersed(m[i], x[i], y[i], scale) & (m[i] >= rule.needed)
        flags[i] = flag
        found |= flag
    return found > 0


@compiled
def _least_scale(rule: Rule) -> np.float32:
    """The chord of √(2 (m − 1)) between 1 and the full kernel lies below it."""
    n_kernel = (2 * rule.kernel[0] + 1) * (2 * rule.kernel[1] + 1)
    chord = 1.0 + rule.sigma_background * math.sqrt(2.0 / max(n_kernel - 1, 1))
    return np.float32((rule.gain if rule.gain > 0.0 else 1.0) * chord * (1.0 - SLACK))


@compiled
def _may_be_dispersed(number: Any, total: Any, squares: Any, scale: np.float32) -> Any:
    m, x, y = np.float32(number), np.float32(total), np.float32(squares)
    spread = m * np.float32(1.0 + SLACK) * y - x * np.float32(1.0 - SLACK) * x
    return (spread > x * (m - np.float32(1.0)) * scale) & (x >= 0)


@compiled
def _suspect_bright(image: Image, m: Image, x: Image, rule: Rule, flags: Flags) -> bool:
    """Unflag pixels that are surely no brighter than the mean around them; any left or none."""
    gain = rule.gain if rule.gain > 0.0 else 1.0
    scale = np.float32(rule.sigma_strong * rule.sigma_strong * gain * (1.0 - SLACK))
    more, least = np.float32(1.0 + SLACK), np.float32(rule.global_threshold)
    left = 0
    for i in range(len(image)):
        n, total, value = np.float32(m[i]), np.float32(x[i]), np.float32(image[i]) * more
        b = n * value - total
        flag = flags[i] & (b >= 0) & (b * b * more >= scale * total * n) & (value > least)
        flags[i] = flag
        left |= flag
    return left > 0


@compiled
def _suspect_wide(until: Places, row: int, flags: Flags) -> None:
    for i in range(len(flags)):
        flags[i] |= until[i] >= row


@compiled
def _keep_passing(
    images: Image, usable: Mask, row: int, bounds: Image, window: Window, rule: Rule,
    strong: Mask, found: Places, numbers: Integers,
) -> None:  # fmt: skip
    """Append the suspects of a row that pass by DIALS's formula to those of their panels."""
    n_panels, _, n_fast = images.shape
    flags, words, until = window.flags, window.flags.view(np.uint64), window.wide_until
    numbers_of, totals, squares = window.boxes[0], window.boxes[1], window.columns[2]
    for p in range(n_panels):
        start = p * window.width
        for word in range(start // WORD, (start + window.width) // WORD):
            end = min(WORD * word + WORD, start + n_fast) if words[word] else 0
            for i in range(WORD * word, end):
                u = i - start
                value = images[p, row, u]
                if flags[i] and usable[p, row, u] and bounds[0] <= value <= bounds[1]:
                    if until[i] < row:
                        y = _sum(squares, i, i + 2 * rule.kernel[1] + 1)
                    else:
                        y = _wide_squares(window.values, i, rule.kernel[1])
                    if _passes(numbers_of[i], totals[i], y, value, rule):
                        strong[p, row, u] = True
                        found[p, numbers[p]] = row * n_fast + u
                        numbers[p] += 1


@compiled
def _sum(values: Image, first: int, last: int) -> float:
    """In the type of the values: wrapped around, like them."""
    total = values[first]
    for i in range(first + 1, last):
        total += values[i]
    return float(values.dtype.type(total))


@compiled
def _wide_squares(values: Image, i: int, k: int) -> float:
    """The sum of squares of a kernel, without wrapping around."""
    total = 0.0
    for row in range(len(values) - 1):
        for j in range(max(0, i - k), min(i + k + 1, values.shape[1])):
            total += float(values[row, j]) * float(values[row, j])
    return total


@compiled
def _passes(number: float, total: float, squares: float, pixel: float, rule: Rule) -> bool:
    """DIALS's formula."""
    m, x, y, value = float(number), float(total), float(squares), float(pixel)
    if m < rule.needed or x < 0.0:
        return False
    spread = math.sqrt(2.0 * max(m - 1.0, 0.0))
    if rule.gain == 0.0:
        dispersed = m * y - x * x - x * (m - 1) > x * rule.sigma_background * spread
    else:
        dispersed = m * y - x * x > rule.gain * x * (m - 1 + rule.sigma_background * spread)
    if rule.extended or not dispersed:
        return dispersed
    limit = rule.sigma_strong * math.sqrt(x * m if rule.gain == 0.0 else rule.gain * x * m)
    return m * value - x > limit and value > rule.global_threshold
