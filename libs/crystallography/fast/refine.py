"""Refines orientation and symmetry-constrained cell against spot positions and delta psi.

Gauss-Newton on rotations and on the free elements of the reciprocal metric tensor; where wanted
also on the shift of the detector across the beam, with the belief about it as two observations
more. The still model is that of DIALS's `StillsRayPredictor`: each reciprocal point is rotated by
delta psi onto the Ewald sphere about the axis at right angles to the beam. Distance and wavelength
stay as they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.lattice import cell_of_metric, skew_matrix
from libs.crystallography.fast.placement import AS_IN_HEADER, Placement, learned_placement
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
TURNS = np.array([skew_matrix(axis) for axis in np.eye(3)])
"""Derivatives of rotations about x, y, z."""


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
    placement: Placement
    used: NDArray[np.bool_]
    near: NDArray[np.bool_]
    """Positions agree, whatever delta psi is."""
    deviation_mm: Floats
    """Predicted minus observed, [n, 2], of all observations."""
    delta_psi: Floats
    """Radians, [n]."""


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """What is being fitted, and the normal matrix of the step that led here."""

    a_matrix: Floats
    shift_mm: Floats
    normal: Floats
    largest: float = np.inf
    """Largest change of the crystal in that step, relative or in radians."""


def orient(basis: Floats, crystal: KnownCrystal) -> Floats:
    """The A matrix of a found basis (rows, Å, conventional axes) with the symmetry imposed."""
    metric = crystal.symmetrised(basis @ basis.T)
    ideal = np.linalg.cholesky(metric)
    left, _, right = np.linalg.svd(ideal.T @ basis)
    handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    a_matrix: Floats = np.linalg.inv(ideal @ (left @ handed @ right))
    return a_matrix


def refine(
    a_matrix: Floats,
    crystal: KnownCrystal,
    observed: Observations,
    detector: FlatDetector,
    placement: Placement = AS_IN_HEADER,
    used: NDArray[np.bool_] | None = None,
) -> RefinedCrystal:
    """Refine until the set of outliers is stable; `detector` is the header's.

    `used` flags the observations to begin with, all of them without it.
    """
    used = np.ones(len(observed.miller), bool) if used is None else used
    miller = observed.miller.astype(np.float64)
    fit = _Fit(a_matrix=a_matrix, shift_mm=placement.shift_mm, normal=np.zeros((0, 0)))
    for _ in range(CYCLES):
        for _ in range(STEPS):
            fit = _step(fit, crystal, observed, miller, used, detector, placement)
            if fit.largest < 1e-7:
                break
        deviation, psi = residuals(
            fit.a_matrix, miller, observed.panel, observed.xy_mm, detector.projections,
            detector.s0, detector.moves, fit.shift_mm,
        )  # fmt: skip
        kept = _inliers(deviation, psi, used)
        if kept.sum() < FEWEST or (kept == used).all():
            break
        used = kept
    distance = np.hypot(deviation[:, 0], deviation[:, 1])
    return RefinedCrystal(
        a_matrix=fit.a_matrix,
        unit_cell=cell_of_metric(np.linalg.inv(fit.a_matrix.T @ fit.a_matrix)),
        placement=learned_placement(fit.shift_mm, fit.normal),
        used=used,
        near=distance < POSITION_CUT * float(np.median(distance[used])),
        deviation_mm=deviation,
        delta_psi=psi,
    )


def _step(
    fit: _Fit,
    crystal: KnownCrystal,
    observed: Observations,
    miller: Floats,
    used: NDArray[np.bool_],
    detector: FlatDetector,
    placement: Placement,
) -> _Fit:
    """One Gauss-Newton step."""
    metric = fit.a_matrix.T @ fit.a_matrix
    directions = crystal.metric_directions * float(np.sqrt((metric**2).sum()))
    upper = np.linalg.cholesky(metric).T
    rotation = fit.a_matrix @ np.linalg.inv(upper)
    normal, right = normal_equations(
        fit.a_matrix, _derivatives(rotation, upper, metric, directions), miller, observed.panel,
        observed.xy_mm, 1.0 / observed.variance_mm2, PSI_WEIGHT, used, detector.projections,
        detector.s0, detector.moves, fit.shift_mm,
    )  # fmt: skip
    n = len(right) - len(fit.shift_mm)
    normal[n:, n:] += placement.precision
    right[n:] += placement.precision @ (fit.shift_mm - placement.shift_mm)
    damping = np.diag(normal).max() * 1e-12
    change = -np.linalg.solve(normal + damping * np.eye(len(right)), right)
    crystal_change = np.clip(change[:n], -0.02, 0.02)
    changed = metric + np.einsum("k,kij->ij", crystal_change[3:], directions)
    upright: Floats = np.linalg.cholesky(changed).T
    return _Fit(
        a_matrix=_rotation(crystal_change[:3]) @ rotation @ upright,
        shift_mm=fit.shift_mm + change[n:],
        normal=normal,
        largest=float(np.abs(crystal_change).max()),
    )


def _derivatives(rotation: Floats, upper: Floats, metric: Floats, directions: Floats) -> Floats:
    """dA/dp [3 + k, 3, 3]: rotations about x, y, z, then the metric's free directions."""
    step = 1e-6
    stretched = np.linalg.cholesky(metric + step * directions).transpose(0, 2, 1)
    turns = TURNS @ (rotation @ upper)
    return np.concatenate([turns, rotation @ (stretched - upper) / step])


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
