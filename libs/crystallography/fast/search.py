"""Finds the orientation of a known lattice among reciprocal points: one lattice, best first.

Directions of the shortest primitive vector on a hemisphere, rotation of the other two about each
good one and about its opposite (a hemisphere leaves the sign open, and for monoclinic and triclinic
cells the two differ), then least squares. Any lattice basis is as good as another here: which axes
to call a, b, c is decided afterwards, on the metric (lattice.matched).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.lattice import skew_matrix
from libs.crystallography.fast.search_kernel import (
    circles,
    highest_maxima,
    refine_basis,
    score_directions,
    score_rotations,
    separate_peaks,
)

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

SAMPLING = 0.2
"""Largest error of q · v (in indices) that half a step of the search may make."""
MOST_DIRECTIONS = 200_000
PEAK_SEPARATION_DEG = 1.5
ROTATION_TOLERANCE = 0.35
STIFFNESS = 6.0


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard to try: points in the search, directions followed, candidates refined."""

    n_points: int
    n_directions: int
    n_refined: int


QUICK = Effort(n_points=100, n_directions=24, n_refined=24)
THOROUGH = Effort(n_points=220, n_directions=150, n_refined=80)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A basis (rows, Å) of the lattice and its score over all points."""

    basis: Floats
    score: float


def search(q: Floats, known: Floats, effort: Effort) -> list[Candidate]:
    """Candidates for the lattice with the primitive basis `known` (rows, Å), best first.

    `q` [n, 3] in 1/Å, sorted by length.
    """
    used = np.ascontiguousarray(q[: effort.n_points].T.astype(np.float32))
    q_max = float(np.linalg.norm(q[: effort.n_points], axis=1).max())
    starts: list[Candidate] = []
    for vector in _directions(used, known, q_max, effort.n_directions):
        starts += _rotations(used, vector, known, q_max)
    starts.sort(key=lambda candidate: -candidate.score)
    limits, tolerances = _stages(q, q_max)
    refined = []
    for start in starts[: effort.n_refined]:
        handed = known if np.linalg.det(start.basis) > 0 else -known
        basis, score = refine_basis(start.basis, handed, q, limits, tolerances, STIFFNESS)
        refined.append(Candidate(basis=basis, score=score))
    refined.sort(key=lambda candidate: -candidate.score)
    return refined


def index_distances(basis: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Nearest indices [n, 3] and distances from them [n], infinite for 0 0 0."""
    fractional = q @ basis.T
    indices = np.rint(fractional)
    distances = np.linalg.norm(fractional - indices, axis=1)
    distances[(indices == 0.0).all(axis=1)] = np.inf
    return indices, distances


def _directions(q: Singles, known: Floats, q_max: float, wanted: int) -> list[Floats]:
    """The best directions of the shortest vector, at its known length."""
    length = float(np.linalg.norm(known[0]))
    step = 2.0 * SAMPLING / (2.0 * length * q_max) * 1.4
    grid = _hemisphere(int(np.clip(2.0 * math.pi / step**2, 2000, MOST_DIRECTIONS)))
    vectors = grid * np.float32(length)
    scores = score_directions(vectors, *q)
    order = _highest(scores, wanted * 40)
    cosine = math.cos(math.radians(PEAK_SEPARATION_DEG))
    peaks = separate_peaks(grid, order, wanted, cosine)
    return [vectors[k].astype(np.float64) for k in peaks]


def _highest(scores: Singles, n: int) -> NDArray[np.int64]:
    """Places of the n highest scores, highest first."""
    kept = np.argpartition(-scores, n)[:n] if n < len(scores) else np.arange(len(scores))
    order: NDArray[np.int64] = kept[np.argsort(-scores[kept], kind="stable")]
    return order


@lru_cache(maxsize=8)
def _hemisphere(n: int) -> Singles:
    """n directions, evenly spread (Fibonacci spiral), shape [n, 3]."""
    numbers = np.arange(n) + 0.5
    z = numbers / n
    azimuth = numbers * math.pi * (3.0 - math.sqrt(5.0))
    r = np.sqrt(1.0 - z * z)
    grid: Singles = np.stack([r * np.cos(azimuth), r * np.sin(azimuth), z], axis=1).astype("f4")
    return grid


def _rotations(q: Singles, vector: Floats, known: Floats, q_max: float) -> list[Candidate]:
    """The best rotations of the known basis about one direction, for both its signs.

    With the opposite sign the lattice is the inverse of a mirror image across the axis.
    """
    axis = vector / np.linalg.norm(vector)
    turn = _rotation_between(known[0] / np.linalg.norm(known[0]), axis)
    others = known[1:] @ turn.T
    step = 2.0 * SAMPLING / (np.linalg.norm(others, axis=1).max() * q_max)
    n = int(min(max(2.0 * math.pi / step, 180), 3000))
    cosines, sines = _full_turn(n)
    single = vector.astype(np.float32)
    found = []
    along = np.outer(others @ axis, axis)
    upright = others - along
    mirror = upright[0] / np.linalg.norm(upright[0])
    skew = skew_matrix(axis)
    for across in (upright, 2.0 * np.outer(upright @ mirror, mirror) - upright):
        turned = across @ skew.T
        circle = circles(along, across, turned, cosines, sines)
        scores = score_rotations(single, circle[0], circle[1], q[0], q[1], q[2], ROTATION_TOLERANCE)
        for k in highest_maxima(scores, 2):
            basis = np.array([vector, *(along + across * cosines[k] + turned * sines[k])])
            found.append(Candidate(basis=basis, score=float(scores[k])))
    return found


@lru_cache(maxsize=32)
def _full_turn(n: int) -> tuple[Floats, Floats]:
    """Cosines and sines of n angles."""
    angles = np.arange(n) * (2.0 * math.pi / n)
    return np.cos(angles), np.sin(angles)


def _rotation_between(start: Floats, end: Floats) -> Floats:
    """The shortest rotation that takes one unit vector to another."""
    cosine = float(start @ end)
    if cosine < -0.999999:
        other = np.eye(3)[np.argmin(np.abs(start))]
        axis = np.cross(start, other)
        axis /= np.linalg.norm(axis)
        half_turn: Floats = 2.0 * np.outer(axis, axis) - np.eye(3)
        return half_turn
    skew = skew_matrix(skew_matrix(start) @ end)
    rotation: Floats = np.eye(3) + skew + skew @ skew / (1.0 + cosine)
    return rotation


def _stages(q: Floats, q_max: float) -> tuple[Floats, Floats]:
    """Limits (1/Å) and tolerances (indices) of the least-squares steps, low resolution first."""
    end = max(q_max, float(np.linalg.norm(q, axis=1).max()))
    limits = q_max * (end / q_max) ** np.array([0.0, 0.0, 0.33, 0.67, 1.0, 1.0, 1.0])
    limits[0] *= 0.8
    limits[-3:] = np.inf
    return limits, np.array([0.35, 0.3, 0.3, 0.3, 0.25, 0.2, 0.2])


__all__ = ["QUICK", "THOROUGH", "Candidate", "Effort", "index_distances", "search"]
