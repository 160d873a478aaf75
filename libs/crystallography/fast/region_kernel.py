"""Where the pixels of a reflection lie: boxes about predicted rays in Kabsch's coordinates.

Foreground is what has a corner within `reach` (rad) of the ray (Kabsch 2010, Acta Cryst. D66, 133),
background the rest of a box of twice that size.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled
from libs.crystallography.fast.detector import attenuation_length

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Box = tuple[int, int, int, int]
"""left, right, top, bottom (px)"""

SIZE = 2.0
"""Of the box, in units of the foreground's."""


@compiled
def regions(
    panel: Integers, rays: Floats, s0: Floats, reach: float, origin: Floats, fast: Floats,
    slow: Floats, pixel: Floats, absorption: Floats, projections: Floats,
) -> tuple[Integers, Integers, Floats]:  # fmt: skip
    """Boxes [n, 4], boxes that hold the foreground [n, 4], and expansions [n, 2, 6].

    `rays` are s1 (1/Å) [n, 3] and `panel` [n] the panels that they meet. A box is left, right, top,
    bottom (px). An expansion gives Kabsch's coordinates (rad) at a place (px from the middle of the
    box): the terms 1, x, y, xx, xy, yy.
    """
    boxes = np.empty((len(rays), 4), np.int64)
    cores = np.empty((len(rays), 4), np.int64)
    expansions = np.empty((len(rays), 2, 6))
    axes = np.empty((3, 3))
    for n in range(len(rays)):
        p = panel[n]
        _axes(rays[n], s0, axes)
        depth = 0.0
        if absorption[p, 0] > 0.0:
            depth = attenuation_length(
                absorption[p, 0], absorption[p, 1], axes[0], fast[p], slow[p], origin[p]
            )
        box = _box(axes, SIZE * reach, projections[p], pixel[p], fast[p], slow[p], depth)
        boxes[n] = box
        cores[n] = _box(axes, reach, projections[p], pixel[p], fast[p], slow[p], depth)
        _expand(box, axes, origin[p], fast[p], slow[p], pixel[p], depth, expansions[n])
    return boxes, cores, expansions


@compiled
def _axes(ray: Floats, s0: Floats, axes: Floats) -> None:
    """Rows: the ray's direction, and Kabsch's e1 and e2 at right angles to it."""
    for k in range(3):
        axes[0, k] = ray[k]
    _normalise(axes[0])
    _cross(axes[0], s0, axes[1])
    _normalise(axes[1])
    _cross(axes[0], axes[1], axes[2])


@compiled
def _normalise(vector: Floats) -> None:
    length = math.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    for k in range(3):
        vector[k] /= length


@compiled
def _cross(a: Floats, b: Floats, result: Floats) -> None:
    result[0] = a[1] * b[2] - a[2] * b[1]
    result[1] = a[2] * b[0] - a[0] * b[2]
    result[2] = a[0] * b[1] - a[1] * b[0]


@compiled
def _box(
    axes: Floats, reach: float, projection: Floats, pixel: Floats, fast: Floats, slow: Floats,
    depth: float,
) -> Box:  # fmt: skip
    """Pixels that hold the square of half width `reach` (rad) about the ray: left, right, …"""
    left = top = 1e9
    right = bottom = -1e9
    rest = math.sqrt(max(0.0, 1.0 - 2.0 * reach * reach))
    for corner in range(4):
        a = reach if corner % 2 else -reach
        b = reach if corner // 2 else -reach
        rx = rest * axes[0, 0] + a * axes[1, 0] + b * axes[2, 0]
        ry = rest * axes[0, 1] + a * axes[1, 1] + b * axes[2, 1]
        rz = rest * axes[0, 2] + a * axes[1, 2] + b * axes[2, 2]
        w = projection[2, 0] * rx + projection[2, 1] * ry + projection[2, 2] * rz
        x = (projection[0, 0] * rx + projection[0, 1] * ry + projection[0, 2] * rz) / w
        y = (projection[1, 0] * rx + projection[1, 1] * ry + projection[1, 2] * rz) / w
        x = (x + depth * (rx * fast[0] + ry * fast[1] + rz * fast[2])) / pixel[0]
        y = (y + depth * (rx * slow[0] + ry * slow[1] + rz * slow[2])) / pixel[1]
        left, right = min(left, x), max(right, x)
        top, bottom = min(top, y), max(bottom, y)
    return math.floor(left), math.ceil(right), math.floor(top), math.ceil(bottom)


@compiled
def _expand(
    box: Box, axes: Floats, origin: Floats, fast: Floats, slow: Floats, pixel: Floats,
    depth: float, coefficients: Floats,
) -> None:  # fmt: skip
    """Kabsch's coordinates as quadratic forms in pixels from the middle of the box.

    The rows hold the terms 1, x, y, xx, xy, yy, fitted over a part of the box; exact to a
    thousandth of a pixel.
    """
    left, right, top, bottom = box
    x = 0.5 * (left + right)
    y = 0.5 * (top + bottom)
    half = 0.5 * max(right - left, bottom - top) / SIZE
    grid = np.empty((3, 3, 2))
    for j in range(3):
        for i in range(3):
            u = (x + (i - 1) * half) * pixel[0]
            v = (y + (j - 1) * half) * pixel[1]
            grid[j, i] = _kabsch(u, v, axes, origin, fast, slow, depth)
    for k in range(2):
        g = grid[:, :, k]
        coefficients[k, 0] = g[1, 1]
        coefficients[k, 1] = (g[1, 2] - g[1, 0]) / (2.0 * half)
        coefficients[k, 2] = (g[2, 1] - g[0, 1]) / (2.0 * half)
        coefficients[k, 3] = (g[1, 2] + g[1, 0] - 2.0 * g[1, 1]) / (2.0 * half * half)
        coefficients[k, 4] = (g[2, 2] - g[2, 0] - g[0, 2] + g[0, 0]) / (4.0 * half * half)
        coefficients[k, 5] = (g[2, 1] + g[0, 1] - 2.0 * g[1, 1]) / (2.0 * half * half)


@compiled
def _kabsch(
    x: float, y: float, axes: Floats, origin: Floats, fast: Floats, slow: Floats, depth: float,
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
    s1, e1, e2 = axes[0], axes[1], axes[2]
    length = math.sqrt(px * px + py * py + pz * pz)
    px = px / length - s1[0]
    py = py / length - s1[1]
    pz = pz / length - s1[2]
    a = px * e1[0] + py * e1[1] + pz * e1[2]
    b = px * e2[0] + py * e2[1] + pz * e2[2]
    return a, b
