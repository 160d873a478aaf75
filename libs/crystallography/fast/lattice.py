"""Bases of lattices: from cell parameters and back, reduction, matching. Pure numpy.

A basis is 3 × 3 with the vectors a, b, c as rows (Å).
"""

import itertools
from functools import cache

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.settings import Cell

Floats = NDArray[np.float64]


def basis_of(cell: Cell) -> Floats:
    """Rows a, b, c (Å): a along x, b in the xy plane."""
    a, b, c = cell[:3]
    cos_alpha, cos_beta, cos_gamma = np.cos(np.radians(cell[3:]))
    sin_gamma = np.sin(np.radians(cell[5]))
    lean = (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    height = 1.0 - cos_beta**2 - lean**2
    if not height > 0.0:
        raise ValueError(f"no unit cell has the parameters {cell}")
    return np.array(
        [
            [a, 0.0, 0.0],
            [b * cos_gamma, b * sin_gamma, 0.0],
            [c * cos_beta, c * lean, c * np.sqrt(height)],
        ]
    )


def skew_matrix(vector: Floats) -> Floats:
    """The matrix of the vector product with `vector` on the left."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def cell_of(basis: Floats) -> Cell:
    """Edges (Å) and angles (degrees) of a basis."""
    return cell_of_metric(basis @ basis.T)


def cell_of_metric(metric: Floats) -> Cell:
    """Edges (Å) and angles (degrees) of a metric tensor (Å²)."""
    a, b, c = (float(v) for v in np.sqrt(np.diag(metric)))
    alpha = np.degrees(np.arccos(metric[1, 2] / (b * c)))
    beta = np.degrees(np.arccos(metric[0, 2] / (a * c)))
    gamma = np.degrees(np.arccos(metric[0, 1] / (a * b)))
    return a, b, c, float(alpha), float(beta), float(gamma)


def reduced(basis: Floats) -> Floats:
    """Three shortest independent vectors of the lattice (Minkowski), shortest first, det > 0."""
    basis = basis.copy()
    for _ in range(100):
        basis = basis[np.argsort(np.linalg.norm(basis, axis=1), kind="stable")]
        second = _shortened(basis[1], basis[:1])
        third = _shortened(basis[2], np.array([basis[0], second]))
        if (second == basis[1]).all() and (third == basis[2]).all():
            break
        basis = np.array([basis[0], second, third])
    return basis if np.linalg.det(basis) > 0 else -basis


def _shortened(vector: Floats, others: Floats) -> Floats:
    """The shortest vector + whole multiples of `others` (the vector itself where none is)."""
    nearest = np.rint(np.linalg.lstsq(others.T, vector, rcond=None)[0])
    steps = np.array(list(itertools.product((-1, 0, 1), repeat=len(others)))) - nearest
    options = vector + steps @ others
    best: Floats = options[np.argmin(np.linalg.norm(options, axis=1))]
    return best if best @ best < vector @ vector * (1.0 - 1e-9) else vector


@cache
def unimodular() -> Floats:
    """All 3 × 3 matrices of −1, 0, 1 with determinant 1, shape [n, 3, 3]."""
    rows = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))
    first, second, third = np.meshgrid(*[np.arange(27)] * 3, indexing="ij")
    matrices = np.stack([rows[first.ravel()], rows[second.ravel()], rows[third.ravel()]], axis=1)
    kept: Floats = matrices[np.abs(np.linalg.det(matrices) - 1.0) < 0.5]
    return kept


def metric_distances(metrics: Floats, known: Floats) -> Floats:
    """How far metric tensors [n, 3, 3] are from a known one, as relative strain (dimensionless).

    The root mean square of the strain tensor's elements, with a third of its uniform part only:
    cells that are all too long by the same factor differ less than cells with edges exchanged.
    """
    inverse = np.linalg.inv(np.linalg.cholesky(known))
    strain = 0.5 * (inverse @ metrics @ inverse.T - np.eye(3))
    uniform = np.einsum("nii->n", strain) / 3.0
    strain -= (2.0 / 3.0 * uniform)[:, None, None] * np.eye(3)
    distance: Floats = np.sqrt((strain**2).sum(axis=(1, 2)) / 3.0)
    return distance


def matched(basis: Floats, known_metric: Floats) -> tuple[Floats, float]:
    """The same lattice with the vectors chosen so that its metric is nearest to the known one.

    Returns the basis (det > 0) and the distance. The known metric must be that of a reduced basis.
    """
    start = reduced(basis)
    choices = unimodular()
    metric = start @ start.T
    distances = metric_distances(choices @ metric @ choices.transpose(0, 2, 1), known_metric)
    best = int(np.argmin(distances))
    return choices[best] @ start, float(distances[best])


def misorientation_deg(first: Floats, second: Floats, rotations: Floats) -> float:
    """The angle between two A matrices, modulo proper rotations [n, 3, 3] of coordinates."""
    angles = []
    for rotation in rotations:
        left, _, right = np.linalg.svd(first @ np.linalg.inv(second @ rotation.T))
        turn = left @ right
        if np.linalg.det(turn) > 0:
            cosine = np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0)
            angles.append(float(np.degrees(np.arccos(cosine))))
    return min(angles, default=180.0)
