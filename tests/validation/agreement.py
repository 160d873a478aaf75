"""Two lanes' replies on one frame: cells, orientations, resolution, intensities of one lattice.

The lanes may choose different settings that the symmetry makes equal; indices are brought together
by the lattice's rotations before intensities are compared.
"""

from dataclasses import dataclass

import numpy as np

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.lattice import misorientation_deg
from libs.diffraction import FrameReply
from libs.messages import ReflectionsIntegrated
from tests.validation.judge import INDISTINCT_STRAIN, cell_difference

FEWEST_COMMON = 20


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of the lattices nearest to each other. `correlation` is null with few common reflections."""

    orientation_deg: float
    cell: float
    """Largest relative difference of an edge."""
    shells: float
    """Difference of the contiguous resolution in shells."""
    correlation: float | None
    correlation_of_logs: float | None
    """Of the stronger half: large intensities do not decide it alone."""
    n_common: int
    share_common: float


def agreement(
    ours: FrameReply, theirs: FrameReply, crystal: KnownCrystal, d_min: float
) -> Agreement | None:
    """Null unless both lanes found a lattice."""
    rotations = crystal.lattice_rotations(INDISTINCT_STRAIN)
    pairs = [
        (misorientation_deg(_matrix(a.a_matrix), _matrix(b.a_matrix), rotations), m, n)
        for m, a in enumerate(ours.result.lattices)
        for n, b in enumerate(theirs.result.lattices)
    ]
    if not pairs:
        return None
    angle, m, n = min(pairs)
    first, second = ours.result.lattices[m], theirs.result.lattices[n]
    values, n_least = _common(_sums(ours, m), _sums(theirs, n), rotations)
    return Agreement(
        orientation_deg=angle,
        cell=cell_difference(first.unit_cell, second.unit_cell),
        shells=shell(first.d_min_contiguous, d_min) - shell(second.d_min_contiguous, d_min),
        correlation=correlation(values),
        correlation_of_logs=correlation(_logs(values)),
        n_common=len(values),
        share_common=len(values) / max(n_least, 1),
    )


def shell(d_min_angstrom: float | None, trial_angstrom: float) -> float:
    """The number of the shell that ends at a resolution limit, 0 for none."""
    return 0.0 if d_min_angstrom is None else round(10.0 * (trial_angstrom / d_min_angstrom) ** 3)


def correlation(values: np.ndarray) -> float | None:
    """Of two columns."""
    return float(np.corrcoef(values.T)[0, 1]) if len(values) >= FEWEST_COMMON else None


def _logs(values: np.ndarray) -> np.ndarray:
    both = values[(values > 0.0).all(axis=1)]
    if not len(both):
        return both
    strong = both.sum(axis=1) >= np.median(both.sum(axis=1))
    return np.log(both[strong])


def _matrix(row_major: tuple[float, ...]) -> np.ndarray:
    return np.reshape(row_major, (3, 3))


def _sums(reply: FrameReply, lattice: int) -> ReflectionsIntegrated | None:
    return next((part for part in reply.reflections if part.lattice == lattice), None)


def _common(
    ours: ReflectionsIntegrated | None, theirs: ReflectionsIntegrated | None, rotations: np.ndarray
) -> tuple[np.ndarray, int]:
    """Intensities [n, 2] of common reflections, in the setting that has most of them."""
    if ours is None or theirs is None:
        return np.zeros((0, 2)), 0
    expected = _by_index(theirs, np.eye(3, dtype=int))
    best = np.zeros((0, 2))
    for rotation in np.rint(rotations).astype(int):
        found = _by_index(ours, rotation)
        common = sorted(found.keys() & expected.keys())
        if len(common) > len(best):
            best = np.array([(found[h], expected[h]) for h in common])
    return best, min(ours.n, theirs.n)


def _by_index(message: ReflectionsIntegrated, rotation: np.ndarray) -> dict[tuple[int, ...], float]:
    miller = np.frombuffer(message.miller_index, "<i2").reshape(-1, 3).astype(int) @ rotation
    return dict(zip(map(tuple, miller), np.frombuffer(message.intensity, "<f4"), strict=True))
