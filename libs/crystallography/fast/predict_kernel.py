"""The loops of prediction: candidates near the Ewald sphere, absences, impacts on panels."""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled
def near_sphere(
    a_matrix: Floats, s0: Floats, limits: Integers, long_axis: int, q_max: float, margin: float
) -> Integers:
    """Indices [n, 3] within `q_max` (1/Å) whose points lie within `margin` of the Ewald sphere.

    Goes along lines of the axis with most indices and cuts each with the two spheres, so that the
    inside of reciprocal space is never visited. `limits` bounds the indices.
    """
    first = (long_axis + 1) % 3
    second = (long_axis + 2) % 3
    radius = math.sqrt(s0[0] * s0[0] + s0[1] * s0[1] + s0[2] * s0[2])
    column = a_matrix[:, long_axis].copy()
    cc = _dot(column, column)
    base = np.empty(3)
    place = np.empty(3)
    found = np.empty((4096, 3), np.int64)
    n = 0
    for i in range(-limits[first], limits[first] + 1):
        for j in range(-limits[second], limits[second] + 1):
            for k in range(3):
                base[k] = a_matrix[k, first] * i + a_matrix[k, second] * j
                place[k] = base[k] + s0[k]
            bc = _dot(base, column)
            inside = bc * bc - cc * (_dot(base, base) - q_max * q_max)
            pc = _dot(place, column)
            pp = _dot(place, place)
            outer = pc * pc - cc * (pp - (radius + margin) ** 2)
            if inside < 0.0 or outer < 0.0:
                continue
            lowest = math.ceil((-bc - math.sqrt(inside)) / cc - 1e-9)
            highest = math.floor((-bc + math.sqrt(inside)) / cc + 1e-9)
            inner = pc * pc - cc * (pp - (radius - margin) ** 2)
            for part in range(2 if inner > 0.0 else 1):
                start, end = _stretch(pc, cc, outer, inner, part)
                for k in range(max(lowest, math.ceil(start)), min(highest, math.floor(end)) + 1):
                    if i == 0 and j == 0 and k == 0:
                        continue
                    if n == len(found):
                        larger = np.empty((2 * n, 3), np.int64)
                        larger[:n] = found
                        found = larger
                    found[n, first] = i
                    found[n, second] = j
                    found[n, long_axis] = k
                    n += 1
    return found[:n].copy()


@compiled
def _dot(a: Floats, b: Floats) -> float:
    product: float = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


@compiled
def _stretch(pc: float, cc: float, outer: float, inner: float, part: int) -> tuple[float, float]:
    """Where a line lies between the two spheres: before the inner one (part 0) or after it."""
    wide = math.sqrt(outer)
    if inner <= 0.0:
        return (-pc - wide) / cc, (-pc + wide) / cc
    narrow = math.sqrt(inner)
    if part == 0:
        return (-pc - wide) / cc, (-pc - narrow) / cc
    return (-pc + narrow) / cc, (-pc + wide) / cc


@compiled
def absent(
    miller: Integers, rotations: Integers, translations: Floats, tolerance: float
) -> NDArray[np.bool_]:
    """Which indices [n, 3] are forbidden: h R = h while h · t is no whole number."""
    result = np.zeros(len(miller), np.bool_)
    for n in range(len(miller)):
        h, k, m = miller[n, 0], miller[n, 1], miller[n, 2]
        for o in range(len(rotations)):
            r = rotations[o]
            if (
                h * r[0, 0] + k * r[1, 0] + m * r[2, 0] == h
                and h * r[0, 1] + k * r[1, 1] + m * r[2, 1] == k
                and h * r[0, 2] + k * r[1, 2] + m * r[2, 2] == m
            ):
                t = translations[o]
                phase = h * t[0] + k * t[1] + m * t[2]
                if abs(phase - np.rint(phase)) > tolerance:
                    result[n] = True
                    break
    return result


@compiled
def panel_impacts(s1: Floats, projections: Floats, size_mm: Floats) -> tuple[Integers, Floats]:
    """The nearest panel that each ray hits (−1: none) and where (mm), as dxtbx decides it."""
    panel = np.full(len(s1), -1, np.int64)
    xy = np.zeros((len(s1), 2))
    for n in range(len(s1)):
        best = 0.0
        for p in range(len(projections)):
            d = projections[p]
            w = d[2, 0] * s1[n, 0] + d[2, 1] * s1[n, 1] + d[2, 2] * s1[n, 2]
            if w > best:
                x = (d[0, 0] * s1[n, 0] + d[0, 1] * s1[n, 1] + d[0, 2] * s1[n, 2]) / w
                y = (d[1, 0] * s1[n, 0] + d[1, 1] * s1[n, 1] + d[1, 2] * s1[n, 2]) / w
                if 0.0 <= x < size_mm[p, 0] and 0.0 <= y < size_mm[p, 1]:
                    panel[n] = p
                    xy[n, 0] = x
                    xy[n, 1] = y
                    best = w
    return panel, xy
