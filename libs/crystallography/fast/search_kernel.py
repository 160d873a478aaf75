"""The loops of the known-cell search: scores of directions and rotations, refinement of a basis.

After TORO (Gasparotto et al. 2024, J. Appl. Cryst. 57, 931) and PSI's fast-feedback indexer: the
fractional index of a spot along a lattice vector v is q · v, a whole number where v is right.
"""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled, compiled_fast

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

FEWEST_POINTS = 5


@compiled_fast
def score_directions(directions: Singles, qx: Singles, qy: Singles, qz: Singles) -> Singles:
    """For vectors [m, 3] and reciprocal points: the sum of a bell of q · v that repeats with 1."""
    result = np.empty(len(directions), np.float32)
    one = np.float32(1.0)
    four = np.float32(4.0)
    for k in range(len(directions)):
        vx, vy, vz = directions[k, 0], directions[k, 1], directions[k, 2]
        total = np.float32(0.0)
        for n in range(len(qx)):
            x = qx[n] * vx + qy[n] * vy + qz[n] * vz
            f = x - np.rint(x)
            bell = one - four * f * f
            total += bell * bell
        result[k] = total
    return result


@compiled
def separate_peaks(
    directions: Singles, order: NDArray[np.int64], wanted: int, cosine: float
) -> NDArray[np.int64]:
    """The first `wanted` of `order` whose directions differ by more than an angle, sign aside."""
    kept = np.empty(wanted, np.int64)
    n = 0
    for k in order:
        near = False
        for m in range(n):
            other = kept[m]
            dot = (
                directions[k, 0] * directions[other, 0]
                + directions[k, 1] * directions[other, 1]
                + directions[k, 2] * directions[other, 2]
            )
            if abs(dot) > cosine:
                near = True
                break
        if not near:
            kept[n] = k
            n += 1
            if n == wanted:
                break
    return kept[:n]


@compiled
def circles(
    along: Floats, across: Floats, turned: Floats, cosines: Floats, sines: Floats
) -> Singles:
    """Two vectors turned about an axis by each of m angles, shape [2, m, 3].

    Their parts [2, 3] along the axis, across it, and across both.
    """
    result = np.empty((2, len(cosines), 3), np.float32)
    for i in range(2):
        for k in range(len(cosines)):
            for j in range(3):
                result[i, k, j] = along[i, j] + across[i, j] * cosines[k] + turned[i, j] * sines[k]
    return result


@compiled_fast
def score_rotations(
    first: Singles, second: Singles, third: Singles, qx: Singles, qy: Singles, qz: Singles,
    tolerance: float,
) -> Singles:  # fmt: skip
    """How well spots fit all three vectors at once: `first` is fixed, [m, 3] for the others.

    The sum over spots of max(0, 1 − |f|²/t²), f being the distance to the nearest index.
    """
    n_spots = len(qx)
    weight = np.float32(1.0 / tolerance**2)
    rest = np.empty(n_spots, np.float32)
    for n in range(n_spots):
        x = qx[n] * first[0] + qy[n] * first[1] + qz[n] * first[2]
        f = x - np.rint(x)
        rest[n] = np.float32(1.0) - weight * f * f
    result = np.empty(len(second), np.float32)
    zero = np.float32(0.0)
    for k in range(len(second)):
        ax, ay, az = second[k, 0], second[k, 1], second[k, 2]
        bx, by, bz = third[k, 0], third[k, 1], third[k, 2]
        total = zero
        for n in range(n_spots):
            x = qx[n] * ax + qy[n] * ay + qz[n] * az
            y = qx[n] * bx + qy[n] * by + qz[n] * bz
            f = x - np.rint(x)
            g = y - np.rint(y)
            total += max(zero, rest[n] - weight * (f * f + g * g))
        result[k] = total
    return result


@compiled
def highest_maxima(scores: Singles, wanted: int) -> NDArray[np.int64]:
    """Places of the highest local maxima on a circle, highest first."""
    n = len(scores)
    places = np.full(wanted, -1, np.int64)
    for k in range(n):
        if scores[k] < scores[k - 1] or scores[k] <= scores[(k + 1) % n]:
            continue
        place = k
        for m in range(wanted):
            if places[m] < 0 or scores[place] > scores[places[m]]:
                place, places[m] = places[m], place
            if place < 0:
                break
    return places[places >= 0]


@compiled
def refine_basis(
    start: Floats, known: Floats, q: Floats, limits: Floats, tolerances: Floats, stiffness: float
) -> tuple[Floats, float]:
    """Fit a basis (rows, Å) to points by least squares, from low to high resolution.

    `q` [n, 3] in rising order of length; step k uses the points below `limits[k]` (1/Å) whose
    distance from the nearest index is below `tolerances[k]`. Strain against `known` is damped as
    if `stiffness` points without strain had been seen. Returns the basis and its score, the sum
    of max(0, 1 − |f|²/t²) with the last tolerance.
    """
    basis = start.copy()
    inverse = np.linalg.inv(known)
    normal = np.empty((3, 3))
    right = np.empty((3, 3))
    for step in range(len(limits)):
        n_used = _accumulate(basis, q, limits[step], tolerances[step], normal, right)
        if n_used >= FEWEST_POINTS:
            share = n_used / (n_used + stiffness)
            basis = _damped(np.linalg.solve(normal, right).T, known, inverse, share)
    return basis, fit_score(basis, q, tolerances[-1])


@compiled
def _accumulate(
    basis: Floats, q: Floats, limit: float, tolerance: float, normal: Floats, right: Floats
) -> int:
    """Sums of q qᵀ and q hᵀ over the points near an index; how many there are."""
    normal[:] = 0.0
    right[:] = 0.0
    n_used = 0
    for n in range(len(q)):
        if math.sqrt(q[n, 0] ** 2 + q[n, 1] ** 2 + q[n, 2] ** 2) > limit:
            break
        distance, h = nearest_index(basis, q[n])
        if distance < tolerance and (h[0] != 0.0 or h[1] != 0.0 or h[2] != 0.0):
            n_used += 1
            for i in range(3):
                for j in range(3):
                    normal[i, j] += q[n, i] * q[n, j]
                    right[i, j] += q[n, i] * h[j]
    weak = (normal[0, 0] + normal[1, 1] + normal[2, 2]) * 1e-9
    for i in range(3):
        normal[i, i] += weak
        for j in range(3):
            right[i, j] += weak * basis[j, i]
    return n_used


@compiled
def _damped(fitted: Floats, known: Floats, inverse: Floats, share: float) -> Floats:
    """`fitted` with only a `share` of its strain against the rotated known basis."""
    left, _, rows = np.linalg.svd(inverse @ fitted)
    rotation = left @ rows
    strain = fitted @ rotation.T @ inverse
    for i in range(3):
        for j in range(3):
            unit = 1.0 if i == j else 0.0
            strain[i, j] = unit + share * (strain[i, j] - unit)
    damped: Floats = strain @ known @ rotation
    return damped


@compiled
def nearest_index(basis: Floats, q: Floats) -> tuple[float, Floats]:
    """Distance of the fractional index from the nearest whole one, and that one."""
    h = np.empty(3)
    total = 0.0
    for i in range(3):
        x = basis[i, 0] * q[0] + basis[i, 1] * q[1] + basis[i, 2] * q[2]
        h[i] = np.rint(x)
        total += (x - h[i]) ** 2
    return math.sqrt(total), h


@compiled
def fit_score(basis: Floats, q: Floats, tolerance: float) -> float:
    """The sum over points of max(0, 1 − |f|²/t²), the origin of the lattice excluded."""
    total = 0.0
    for n in range(len(q)):
        distance, h = nearest_index(basis, q[n])
        if h[0] != 0.0 or h[1] != 0.0 or h[2] != 0.0:
            total += max(0.0, 1.0 - (distance / tolerance) ** 2)
    return total
