"""The second step of DIALS's `dispersion_extended` (Winter et al. 2018, Acta Cryst. D74, 85).

Dispersed pixels are eroded, and each that stays is compared with the mean around it.
"""

import math

import numpy as np

from libs.crystallography.fast.compiled import compiled
from libs.crystallography.fast.window import Image, Integers, Mask, Places

Pair = tuple[float, float]


@compiled
def strong_of_dispersed(
    pixels: Image, usable: Mask, starts: Integers, shapes: Integers, bounds: Image,
    kernel: tuple[int, int], sigma_strong: float, gain: float, global_threshold: float,
    strong: Mask, dispersed: Places, numbers: Integers,
) -> tuple[Places, Integers]:  # fmt: skip
    """The strong ones among the dispersed pixels of all panels, and how many each panel has.

    Arguments and results as of `dispersion.passing_pixels`; `strong`, which holds the dispersed
    pixels, is set anew.
    """
    kept, counts = dispersed.copy(), np.zeros(len(numbers), np.int64)
    first = n_kept = 0
    for p in range(len(shapes)):
        part = slice(starts[p], starts[p + 1])
        shape = (shapes[p, 0], shapes[p, 1])
        mine = _of_panel(
            pixels[part].reshape(shape), usable[part].reshape(shape), bounds[p], kernel,
            sigma_strong, gain, global_threshold, strong[part].reshape(shape),
            dispersed[first : first + numbers[p]],
        )  # fmt: skip
        kept[n_kept : n_kept + len(mine)] = mine
        counts[p] = len(mine)
        first, n_kept = first + numbers[p], n_kept + len(mine)
    return kept[:n_kept].copy(), counts


@compiled
def _of_panel(
    image: Image, usable: Mask, bounds: Image, kernel: tuple[int, int], sigma_strong: float,
    gain: float, global_threshold: float, strong: Mask, dispersed: Places,
) -> Places:  # fmt: skip
    n_fast = image.shape[1]
    eroded = _eroded(strong, dispersed, min(kernel[0], kernel[1]) - 1)
    _mark(strong, dispersed, eroded)
    kept = eroded.copy()
    n = 0
    for k in eroded:
        j, i = k // n_fast, k % n_fast
        value = float(image[j, i])
        if value > global_threshold:
            m, x = _background(image, usable, bounds, strong, j, i, kernel[0] + 2, kernel[1] + 2)
            mean = x / m if m >= 2 else 0.0
            noise = mean if gain == 0.0 else gain * mean
            if x >= 0 and value >= mean + sigma_strong * math.sqrt(noise):
                kept[n] = k
                n += 1
    _mark(strong, eroded, kept[:n])
    return kept[:n]


@compiled
def _eroded(flags: Mask, places: Places, reach: int) -> Places:
    n_fast = flags.shape[1]
    kept = places.copy()
    n = 0
    for k in places:
        if _all_set(flags, k // n_fast, k % n_fast, reach):
            kept[n] = k
            n += 1
    return kept[:n]


@compiled
def _all_set(flags: Mask, j: int, i: int, reach: int) -> bool:
    """Whether all pixels within a Chebyshev distance of `reach` are set; outside counts as set."""
    for v in range(max(0, j - reach), min(flags.shape[0], j + reach + 1)):
        for u in range(max(0, i - reach), min(flags.shape[1], i + reach + 1)):
            if not flags[v, u]:
                return False
    return True


@compiled
def _mark(strong: Mask, old: Places, new: Places) -> None:
    n_fast = strong.shape[1]
    for k in old:
        strong[k // n_fast, k % n_fast] = False
    for k in new:
        strong[k // n_fast, k % n_fast] = True


@compiled
def _background(
    image: Image, usable: Mask, bounds: Image, excluded: Mask, j: int, i: int, k_slow: int,
    k_fast: int,
) -> Pair:  # fmt: skip
    """Number and sum of the usable pixels in a box around (j, i) that are not excluded."""
    m = 0.0
    x = 0.0
    for v in range(max(0, j - k_slow), min(image.shape[0], j + k_slow + 1)):
        for u in range(max(0, i - k_fast), min(image.shape[1], i + k_fast + 1)):
            value = image[v, u]
            inside = usable[v, u] and bounds[0] <= value <= bounds[2]
            if inside and not excluded[v, u]:
                m += 1.0
                x += float(value)
    return m, x
