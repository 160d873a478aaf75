"""Refines orientation and symmetry-constrained cell against spot positions and delta psi.

Gauss-Newton on rotations and on the free elements of the reciprocal metric tensor. The still
model is that of DIALS's `StillsRayPredictor`: each reciprocal point is rotated by delta psi onto
the Ewald sphere about the axis at right angles to the beam. Detector and beam stay as they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.lattice import cell_of_metric, skew_matrix
from libs.crystallography.fast.settings import Cell
from libs.crystallography.fast.still_kernel import normal_equations, residuals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PSI_WEIGHT = 1e6
"""DIALS's constant weight of a squared delta psi (rad²) against squared deviations over σ²."""
CYCLES = 4
STEPS = 6
POSITION_CUT = 2.75
"""In medians of the distances: about 3.5 σ of a two-dimensional normal distribution."""
PSI_CUT = 4.0
FEWEST = 5


@dataclass(frozen=True, kw_only=True)
class Observations:
    """Indexed spots: whole indices [n, 3], positions and variances in mm."""

    miller: Integers
    panel: Integers
    xy_mm: Floats
    variance_mm2: Floats


@dataclass(frozen=True, kw_only=True)
class RefinedCrystal:
    """`a_matrix` (1/Å): q = A · h in the conventional setting; `used` flags the observations."""

    a_matrix: Floats
    unit_cell: Cell
    used: NDArray[np.bool_]
    near: NDArray[np.bool_]
    """Positions agree, whatever delta psi is."""
    deviation_mm: Floats
    """Predicted minus observed, [n, 2], of all observations."""
    delta_psi: Floats
    """Radians, [n]."""


def orient(basis: Floats, crystal: KnownCrystal) -> Floats:
    """The A matrix of a found basis (rows, Å, conventional axes) with the symmetry imposed."""
    metric = crystal.symmetrised(basis @ basis.T)
    ideal = np.linalg.cholesky(metric)
    left, _, right = np.linalg.svd(ideal.T @ basis)
    handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    a_matrix: Floats = np.linalg.inv(ideal @ (left @ handed @ right))
    return a_matrix


def refine(
    a_matrix: Floats, crystal: KnownCrystal, observed: Observations, detector: FlatDetector
) -> RefinedCrystal:
    """Refine until the set of outliers is stable."""
    projections, s0 = detector.projections, detector.s0
    weights = 1.0 / observed.variance_mm2
    used = np.ones(len(observed.miller), bool)
    miller = observed.miller.astype(np.float64)
    for _ in range(CYCLES):
        for _ in range(STEPS):
            shifts, largest = _step(a_matrix, crystal, observed, miller, weights, used, detector)
            a_matrix = shifts
            if largest < 1e-7:
                break
        deviation, psi = residuals(
            a_matrix, miller, observed.panel, observed.xy_mm, projections, s0
        )
        kept = _inliers(deviation, psi, used)
        if kept.sum() < FEWEST or (kept == used).all():
            break
        used = kept
    distance = np.hypot(deviation[:, 0], deviation[:, 1])
    return RefinedCrystal(
        a_matrix=a_matrix,
        unit_cell=cell_of_metric(np.linalg.inv(a_matrix.T @ a_matrix)),
        used=used,
        near=distance < POSITION_CUT * float(np.median(distance[used])),
        deviation_mm=deviation,
        delta_psi=psi,
    )


def _step(
    a_matrix: Floats,
    crystal: KnownCrystal,
    observed: Observations,
    miller: Floats,
    weights: Floats,
    used: NDArray[np.bool_],
    detector: FlatDetector,
) -> tuple[Floats, float]:
    """One Gauss-Newton step: the new A and the largest shift (relative or in radians)."""
    directions = crystal.metric_directions
    metric = a_matrix.T @ a_matrix
    upper = np.linalg.cholesky(metric).T
    rotation = a_matrix @ np.linalg.inv(upper)
    scale = float(np.sqrt((metric**2).sum()))
    derivatives = _derivatives(rotation, upper, metric, directions * scale)
    normal, right = normal_equations(
        a_matrix, derivatives, miller, observed.panel, observed.xy_mm, weights, PSI_WEIGHT,
        used, detector.projections, detector.s0,
    )  # fmt: skip
    damping = np.diag(normal).max() * 1e-12
    shift = -np.linalg.solve(normal + damping * np.eye(len(right)), right)
    shift = np.clip(shift, -0.02, 0.02)
    changed = metric + np.einsum("k,kij->ij", shift[3:], directions * scale)
    upright: Floats = np.linalg.cholesky(changed).T
    return _rotation(shift[:3]) @ rotation @ upright, float(np.abs(shift).max())


def _derivatives(rotation: Floats, upper: Floats, metric: Floats, directions: Floats) -> Floats:
    """dA/dp [3 + k, 3, 3]: rotations about x, y, z, then the metric's free directions."""
    step = 1e-6
    a_matrix = rotation @ upper
    turns = [skew_matrix(axis) @ a_matrix for axis in np.eye(3)]
    stretches = [
        rotation @ (np.linalg.cholesky(metric + step * d).T - upper) / step for d in directions
    ]
    return np.array(turns + stretches)


def _rotation(vector: Floats) -> Floats:
    """The rotation by |vector| radians about `vector` (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-14:
        return np.eye(3)
    skew = skew_matrix(vector / angle)
    matrix: Floats = np.eye(3) + np.sin(angle) * skew + (1.0 - np.cos(angle)) * skew @ skew
    return matrix


def _inliers(deviation: Floats, psi: Floats, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    distance = np.hypot(deviation[:, 0], deviation[:, 1])
    far = POSITION_CUT * float(np.median(distance[used]))
    tilted = PSI_CUT * float(np.median(np.abs(psi[used]))) + 1e-6
    kept: NDArray[np.bool_] = (distance < far) & (np.abs(psi) < tilted)
    return kept
