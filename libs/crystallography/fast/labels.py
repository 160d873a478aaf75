"""Strong pixels joined to spots, and the sums that centroids are made of. One panel at a time.

Pixels that share an edge belong together, and spots are numbered by their first pixel, as in
DIALS's `PixelListLabeller`.
"""

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

SUMS = ("n", "value", "value_squared", "x", "y", "peak", "peak_x", "peak_y",
        "x_min", "x_max", "y_min", "y_max", "xx", "yy")  # fmt: skip


@compiled
def label(pixels: NDArray[np.int32], n_fast: int) -> NDArray[np.int32]:
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
def _root(parent: NDArray[np.int32], k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@compiled
def _join(parent: NDArray[np.int32], first: int, second: int) -> None:
    """The smaller number stays the root, so that a spot's root is its first pixel."""
    a = _root(parent, first)
    b = _root(parent, second)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@compiled
def spot_sums(
    pixels: NDArray[np.int32],
    values: NDArray[np.float64],
    labels: NDArray[np.int32],
    n_spots: int,
    n_fast: int,
) -> NDArray[np.float64]:
    """One row per spot, columns as in SUMS; x and y are value-weighted means of pixel centres.

    `xx` and `yy` are value-weighted sums of squared distances from these means. A spot without
    positive sum has its mean at the peak.
    """
    sums = np.zeros((n_spots, 14))
    sums[:, 5] = -np.inf
    sums[:, 8] = np.inf
    sums[:, 10] = np.inf
    for k in range(len(pixels)):
        row = sums[labels[k]]
        value = values[k]
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
        row[12] += values[k] * (pixels[k] % n_fast + 0.5 - row[3]) ** 2
        row[13] += values[k] * (pixels[k] // n_fast + 0.5 - row[4]) ** 2
    return sums
