"""The still model in loops: from a setting matrix to positions and delta psi, and derivatives."""

import math

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STEP = 1e-7


@compiled
def ray(q: Floats, s0: Floats) -> tuple[float, float, float, float, bool]:
    """s1 (1/Å, three numbers), delta psi (rad), and whether the point can reach the sphere."""
    radius = math.sqrt(s0[0] ** 2 + s0[1] ** 2 + s0[2] ** 2)
    ux = s0[0] / radius
    uy = s0[1] / radius
    uz = s0[2] / radius
    qq = q[0] ** 2 + q[1] ** 2 + q[2] ** 2
    along = q[0] * ux + q[1] * uy + q[2] * uz
    px = q[0] - along * ux
    py = q[1] - along * uy
    pz = q[2] - along * uz
    across = math.sqrt(px * px + py * py + pz * pz)
    a = 0.5 * qq / radius
    rest = qq - a * a
    if rest <= 0.0 or across == 0.0:
        return 0.0, 0.0, 0.0, 0.0, False
    b = math.sqrt(rest)
    psi = math.atan2(a, b) - math.atan2(-along, across)
    f = b / across
    return s0[0] - a * ux + f * px, s0[1] - a * uy + f * py, s0[2] - a * uz + f * pz, psi, True


@compiled
def impact(q: Floats, s0: Floats, projection: Floats) -> tuple[float, float, float]:
    """Position on a panel (mm) and delta psi (rad) of a reciprocal point."""
    x, y, z, psi, reached = ray(q, s0)
    if not reached:
        return math.nan, math.nan, math.nan
    w = projection[2, 0] * x + projection[2, 1] * y + projection[2, 2] * z
    u = projection[0, 0] * x + projection[0, 1] * y + projection[0, 2] * z
    v = projection[1, 0] * x + projection[1, 1] * y + projection[1, 2] * z
    return u / w, v / w, psi


@compiled
def displacement(x: float, y: float, move: Floats) -> tuple[float, float]:
    """How a position changes per mm that its panel moves; `move` [3] is D times the direction.

    Exactly linear: the ray meets a plane moved by t where D' = D − D t e₃ᵀD / (1 + e₃ᵀD t) says.
    """
    return move[2] * x - move[0], move[2] * y - move[1]


@compiled
def residuals(
    a_matrix: Floats, miller: Floats, panel: Integers, xy_mm: Floats, projections: Floats,
    s0: Floats, moves: Floats, shift_mm: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Predicted minus observed positions (mm) [n, 2], and delta psi (rad) [n].

    The panels are displaced by `shift_mm` [m] along the directions of `moves` [panels, m, 3].
    """
    deviation = np.empty((len(miller), 2))
    psi = np.empty(len(miller))
    q = np.empty(3)
    for n in range(len(miller)):
        _times(a_matrix, miller[n], q)
        x, y, psi[n] = impact(q, s0, projections[panel[n]])
        deviation[n, 0] = x - xy_mm[n, 0]
        deviation[n, 1] = y - xy_mm[n, 1]
        for m in range(len(shift_mm)):
            dx, dy = displacement(x, y, moves[panel[n], m])
            deviation[n, 0] += shift_mm[m] * dx
            deviation[n, 1] += shift_mm[m] * dy
    return deviation, psi


@compiled
def _times(matrix: Floats, vector: Floats, result: Floats) -> None:
    for i in range(3):
        result[i] = matrix[i, 0] * vector[0] + matrix[i, 1] * vector[1] + matrix[i, 2] * vector[2]


@compiled
def _add_observation(
    normal: Floats, right: Floats, weight: float, row: Floats, residual: float
) -> None:
    """To the lower triangle of the normal matrix and to the gradient."""
    for p in range(len(row)):
        weighted = weight * row[p]
        right[p] += weighted * residual
        for r in range(p + 1):
            normal[p, r] += weighted * row[r]


@compiled
def normal_equations(
    a_matrix: Floats, derivatives: Floats, miller: Floats, panel: Integers, xy_mm: Floats,
    weights: Floats, psi_weight: float, used: NDArray[np.bool_], projections: Floats, s0: Floats,
    moves: Floats, shift_mm: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Normal matrix [p + m, p + m] and gradient for dA/dp = `derivatives` [p, 3, 3] and m shifts.

    `moves` and `shift_mm` as of `residuals`.
    """
    n_inner = len(derivatives)
    n_parameters = n_inner + len(shift_mm)
    normal = np.zeros((n_parameters, n_parameters))
    right = np.zeros(n_parameters)
    slope = np.empty((3, 3))
    row = np.empty((3, n_parameters))
    residual = np.empty(3)
    q = np.empty(3)
    change = np.empty(3)
    for n in range(len(miller)):
        if not used[n]:
            continue
        _times(a_matrix, miller[n], q)
        x, y, psi = impact(q, s0, projections[panel[n]])
        for i in range(3):
            q[i] += STEP
            moved = impact(q, s0, projections[panel[n]])
            q[i] -= STEP
            slope[0, i] = (moved[0] - x) / STEP
            slope[1, i] = (moved[1] - y) / STEP
            slope[2, i] = (moved[2] - psi) / STEP
        residual[0] = x - xy_mm[n, 0]
        residual[1] = y - xy_mm[n, 1]
        residual[2] = psi
        for m in range(len(shift_mm)):
            dx, dy = displacement(x, y, moves[panel[n], m])
            row[0, n_inner + m] = dx
            row[1, n_inner + m] = dy
            row[2, n_inner + m] = 0.0
            residual[0] += shift_mm[m] * dx
            residual[1] += shift_mm[m] * dy
        for p in range(n_inner):
            _times(derivatives[p], miller[n], change)
            for i in range(3):
                row[i, p] = (
                    slope[i, 0] * change[0] + slope[i, 1] * change[1] + slope[i, 2] * change[2]
                )
        for i in range(3):
            weight = psi_weight if i == 2 else weights[n, i]
            _add_observation(normal, right, weight, row[i], residual[i])
    for p in range(n_parameters):
        for r in range(p):
            normal[r, p] = normal[p, r]
    return normal, right
