"""A known crystal form as plain numbers: cell, symmetry operations, centring. Pure numpy.

Real-space bases are 3 × 3 with the vectors as rows; A = inverse of the basis has a*, b*, c* as
columns, q = A · h. Operations act on coordinates (x' = R x + t), on indices as h' = h R. The edge
gets operations from cctbx; nothing here knows names of space groups.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.lattice import (
    basis_of,
    metric_distances,
    reduced,
    unimodular,
)
from libs.crystallography.fast.settings import Cell

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ABSENCE_TOLERANCE = 1e-6
SYMMETRIC_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class KnownCrystal:
    """Cell (Å, degrees) and all operations of the space group, in the same setting.

    `rotations` [n, 3, 3] whole numbers, `translations` [n, 3] in fractions of the cell edges.
    """

    unit_cell: Cell
    rotations: Integers
    translations: Floats

    @cached_property
    def metric(self) -> Floats:
        """Metric tensor (Å²) that obeys the symmetry: the mean over the operations."""
        basis = basis_of(self.unit_cell)
        return self.symmetrised(basis @ basis.T)

    def symmetrised(self, metric: Floats) -> Floats:
        """The nearest metric tensor that the point group leaves alone: G' = mean(Rᵀ G R)."""
        rotations = self.rotations.astype(np.float64)
        images = np.einsum("nji,jk,nkl->nil", rotations, metric, rotations)
        mean: Floats = images.mean(axis=0)
        return mean

    @cached_property
    def metric_directions(self) -> Floats:
        """Orthonormal directions [k, 3, 3] in which a reciprocal metric tensor may change."""
        inverse = self.rotations.astype(np.float64)
        projected = []
        for i, j in SYMMETRIC_PAIRS:
            unit = np.zeros((3, 3))
            unit[i, j] = unit[j, i] = 1.0
            images = np.einsum("nij,jk,nlk->nil", inverse, unit, inverse)
            projected.append(images.mean(axis=0).ravel())
        _, size, rows = np.linalg.svd(np.array(projected))
        directions: Floats = rows[: int((size > 1e-6).sum())].reshape(-1, 3, 3)
        return directions

    @cached_property
    def to_primitive(self) -> Floats:
        """Rows are primitive lattice vectors in units of the cell's vectors, reduced."""
        vectors = [np.eye(3)[i] for i in range(3)] + list(self._centring)
        return _primitive(np.array(vectors), np.linalg.cholesky(self.metric))

    @property
    def primitive_basis(self) -> Floats:
        """Reduced primitive basis (rows, Å), in the orientation of the Cholesky factor."""
        basis: Floats = self.to_primitive @ np.linalg.cholesky(self.metric)
        return basis

    @cached_property
    def point_group(self) -> Integers:
        """Distinct proper rotations [n, 3, 3], with the inversion taken as given (Laue)."""
        proper = [r if np.linalg.det(r) > 0 else -r for r in self.rotations]
        distinct: Integers = np.unique(np.array(proper), axis=0)
        return distinct

    def lattice_rotations(self, strain: float) -> Floats:
        """Proper rotations [n, 3, 3] of coordinates that leave the lattice alone, up to a strain.

        The point group's and more: spot positions show the symmetry of the lattice only. Those of
        a pseudo-symmetry are not whole numbers in a centred setting.
        """
        if strain not in self._rotations_by_strain:
            basis = self.primitive_basis
            metric, choices = basis @ basis.T, unimodular()
            images = choices @ metric @ choices.transpose(0, 2, 1)
            same = choices[metric_distances(images, metric) < strain]
            changes = np.linalg.inv(self.to_primitive) @ same @ self.to_primitive
            self._rotations_by_strain[strain] = changes.transpose(0, 2, 1)
        return self._rotations_by_strain[strain]

    @cached_property
    def _rotations_by_strain(self) -> dict[float, Floats]:
        return {}

    def absent(self, miller: Integers) -> NDArray[np.bool_]:
        """Which indices [n, 3] the space group forbids."""
        result = np.zeros(len(miller), bool)
        for rotation, translation in zip(self.rotations, self.translations, strict=True):
            phase = miller @ translation
            shifted = np.abs(phase - np.rint(phase)) > ABSENCE_TOLERANCE
            if shifted.any():
                result |= shifted & (miller @ rotation == miller).all(axis=1)
        return result

    @property
    def _centring(self) -> list[Floats]:
        pure = (self.rotations == np.eye(3)).all(axis=(1, 2))
        vectors = self.translations[pure] % 1.0
        return [v for v in vectors if (np.minimum(v, 1.0 - v) > ABSENCE_TOLERANCE).any()]


def without_symmetry(unit_cell: Cell) -> KnownCrystal:
    """The same cell in P1."""
    identity = np.eye(3, dtype=np.int64)[None]
    return KnownCrystal(unit_cell=unit_cell, rotations=identity, translations=np.zeros((1, 3)))


def _primitive(vectors: Floats, cell: Floats) -> Floats:
    """The smallest basis among lattice vectors (rows, in units of `cell`), Buerger-reduced."""
    if len(vectors) == 3:
        return reduced(cell) @ np.linalg.inv(cell)
    shifts = np.array(list(itertools.product((-1, 0, 1), repeat=3)), np.float64)
    every = (vectors[:, None, :] + shifts[None]).reshape(-1, 3)
    every = every[(np.abs(every) > ABSENCE_TOLERANCE).any(axis=1)]
    every = every[np.argsort(np.linalg.norm(every @ cell, axis=1), kind="stable")]
    volume = 1.0 / (len(vectors) - 2)
    for i, j, k in itertools.combinations(range(min(len(every), 40)), 3):
        basis = every[[i, j, k]]
        if abs(abs(np.linalg.det(basis)) - volume) < 1e-3 * volume:
            return reduced(basis @ cell) @ np.linalg.inv(cell)
    raise ValueError("the centring vectors of the space group do not make a lattice")
