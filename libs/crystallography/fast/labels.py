"""Strong pixels joined to spots, and the sums that centroids are made of.

Pixels that share an edge belong together, and spots are numbered by their first pixel, as in
DIALS's `PixelListLabeller`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float64]
Image = NDArray[np.int32] | NDArray[np.float64]
SUMS = ("n", "value", "value_squared", "x", "y", "peak", "peak_x", "peak_y",
        "x_min", "x_max", "y_min", "y_max", "xx", "yy")  # fmt: skip


@compiled
def spots_of_panels(
    pixels: Image, starts: Integers, shapes: Integers, strong: Places, numbers: Integers,
    sizes: tuple[int, int], max_separation: float,
) -> tuple[Integers, Floats, Integers, Floats]:  # fmt: skip
    """Panels [n] and sums [n, 14] of the kept spots; places [m, 4] and values [m] of their pixels.

    `strong` holds the panels' strong pixels one after another, `numbers` how many each has. Kept
    are spots with a number of pixels within `sizes` and their peak within `max_separation` (px) of
    the centroid. A place is spot, panel, fast, slow.
    """
    panels = np.empty(len(strong), np.int64)
    sums = np.empty((len(strong), len(SUMS)))
    places = np.empty((len(strong), 4), np.int64)
    values = np.empty(len(strong))
    first = n_spots = n_pixels = 0
    for p in range(len(numbers)):
        mine = strong[first : first + numbers[p]]
        first += numbers[p]
        if len(mine) == 0:
            continue
        n_fast = shapes[p, 1]
        image = pixels[starts[p] : starts[p + 1]]
        labels = label(mine, n_fast)
        found = spot_sums(mine, image, labels, labels.max() + 1, n_fast)
        row = np.empty(len(found), np.int64)
        for s in range(len(found)):
            row[s] = n_spots if _kept(found[s], sizes, max_separation) else -1
            if row[s] >= 0:
                panels[n_spots], sums[n_spots] = p, found[s]
                n_spots += 1
        n_pixels = _list_pixels(mine, image, row, labels, p, n_fast, places, values, n_pixels)
    return panels[:n_spots], sums[:n_spots], places[:n_pixels], values[:n_pixels]


@compiled
def _kept(sums: Floats, sizes: tuple[int, int], max_separation: float) -> bool:
    if sums[0] < sizes[0] or sums[0] > sizes[1]:
        return False
    return math.hypot(sums[6] - sums[3], sums[7] - sums[4]) <= max_separation


@compiled
def _list_pixels(
    strong: Places, image: Image, row: Integers, labels: Places, panel: int, n_fast: int,
    places: Integers, values: Floats, n: int,
) -> int:  # fmt: skip
    """Append the pixels of the kept spots of a panel; the new number."""
    for k in range(len(strong)):
        spot = row[labels[k]]
        if spot >= 0:
            places[n, 0] = spot
            places[n, 1] = panel
            places[n, 2] = strong[k] % n_fast
            places[n, 3] = strong[k] // n_fast
            values[n] = image[strong[k]]
            n += 1
    return n


@compiled
def label(pixels: Places, n_fast: int) -> Places:
    """The spot (0, 1, …) of each pixel; `pixels` are flat indices in rising order."""
    n = len(pixels)
    parent = np.arange(n).astype(np.int32)
    above = 0
    for k in range(n):
        pixel = pixels[k]
        if k > 0 and pixels[k - 1] == pixel - 1 and pixel % n_fast != 0:
            _join(parent, k, k - 1)
        while pixels[above] < pixel - n_fast:
            above += 1
        if pixels[above] == pixel - n_fast:
            _join(parent, k, above)
    labels = np.empty(n, np.int32)
    n_spots = 0
    for k in range(n):
        root = _root(parent, k)
        if root == k:
            labels[k] = n_spots
            n_spots += 1
        else:
            labels[k] = labels[root]
    return labels


@compiled
def _root(parent: Places, k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@compiled
def _join(parent: Places, first: int, second: int) -> None:
    """The smaller number stays the root, so that a spot's root is its first pixel."""
    a = _root(parent, first)
    b = _root(parent, second)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@compiled
def spot_sums(pixels: Places, image: Image, labels: Places, n_spots: int, n_fast: int) -> Floats:
    """One row per spot of a flat `image`, columns as in SUMS.

    x and y are value-weighted means of pixel centres, `xx` and `yy` value-weighted sums of squared
    distances from these means. A spot without positive sum has its mean at the peak.
    """
    sums = np.zeros((n_spots, 14))
    sums[:, 5] = -np.inf
    sums[:, 8] = np.inf
    sums[:, 10] = np.inf
    for k in range(len(pixels)):
        row = sums[labels[k]]
        value = float(image[pixels[k]])
        x = pixels[k] % n_fast
        y = pixels[k] // n_fast
        row[0] += 1.0
        row[1] += value
        row[2] += value * value
        row[3] += value * (x + 0.5)
        row[4] += value * (y + 0.5)
        if value > row[5]:
            row[5] = value
            row[6] = x + 0.5
            row[7] = y + 0.5
        row[8] = min(row[8], x)
        row[9] = max(row[9], x + 1)
        row[10] = min(row[10], y)
        row[11] = max(row[11], y + 1)
    for s in range(n_spots):
        if sums[s, 1] > 0.0:
            sums[s, 3] /= sums[s, 1]
            sums[s, 4] /= sums[s, 1]
        else:
            sums[s, 3] = sums[s, 6]
            sums[s, 4] = sums[s, 7]
    for k in range(len(pixels)):
        row = sums[labels[k]]
        value = float(image[pixels[k]])
        row[12] += value * (pixels[k] % n_fast + 0.5 - row[3]) ** 2
        row[13] += value * (pixels[k] // n_fast + 0.5 - row[4]) ** 2
    return sums
