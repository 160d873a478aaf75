"""Domain size and mosaicity of a still from the delta psi of its indexed spots.

The maximum-likelihood model of Sauter et al. 2014 (Acta Cryst. D70, 3299, after Nave 2014) as DIALS
uses it for stills: |delta psi| below d / D + η / 2 with a soft edge, widened by 1.4 in the end.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

EDGE = 10.0
"""How soft the edge is; DIALS's value."""
EXPANSION = 1.4
BOUNDS = [(math.log(1e-6), math.log(0.1)), (math.log(1e-9), math.log(0.2))]
VOLUME_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class Mosaicity:
    """As DIALS keeps it in a crystal model: widened. `domain_angstrom` and half the full width."""

    domain_angstrom: float
    half_width_rad: float

    def limit(self, d_angstrom: Floats) -> Floats:
        """Largest |delta psi| (rad) of a predicted reflection of spacing d: eq. 16 there."""
        limit: Floats = d_angstrom / self.domain_angstrom + 0.5 * self.half_width_rad
        return limit


def fit_mosaicity(
    d_angstrom: Floats, delta_psi: Floats, cell_volume_a3: float
) -> tuple[Mosaicity, NDArray[np.bool_]]:
    """The model, and which spots lie within its unwidened limits."""
    domain, eta = _first_guess(d_angstrom, delta_psi)
    smallest = 3.0 * cell_volume_a3 ** (1.0 / 3.0)
    start = [math.log(2.0 / max(domain, smallest)), math.log(max(abs(eta), 1e-6))]
    found = minimize(_target, start, (d_angstrom, delta_psi), "L-BFGS-B", True, bounds=BOUNDS)
    alpha, eta = np.exp(found.x)
    inside = np.abs(delta_psi) < d_angstrom * alpha / 2.0 + 0.5 * eta
    model = Mosaicity(domain_angstrom=2.0 / alpha / EXPANSION, half_width_rad=0.5 * eta * EXPANSION)
    return model, inside


def proximal_volume(model: Mosaicity, wavelength: float, d_min: float) -> float:
    """Volume (1/Å³) near the Ewald sphere in which reflections are predicted, as DIALS counts it.

    Of the unwidened model, up to `d_min` (Å).
    """
    radius = 1.0 / wavelength
    outer = radius + 1.0 / (model.domain_angstrom * EXPANSION)
    full_width = 2.0 * model.half_width_rad / EXPANSION
    two_theta = 2.0 * math.asin(min(1.0, wavelength / (2.0 * d_min)))
    cap = math.pi * (2.0 / 3.0) * (1.0 - math.cos(two_theta))
    phi = np.arange(VOLUME_STEPS) / VOLUME_STEPS * two_theta
    shell = (outer + full_width * radius * np.sin(phi) / 2.0) ** 3 - outer**3
    mosaic = (2.0 / 3.0) * math.pi * float((shell * np.sin(phi)).sum()) * two_theta / VOLUME_STEPS
    return cap * (outer**3 - radius**3) + mosaic


def _first_guess(d: Floats, delta_psi: Floats) -> tuple[float, float]:
    """Domain size and full mosaicity from a straight line through the envelope."""
    n_bins = min(max(3, len(d) // 25), 50)
    size = max(1, len(d) // n_bins)
    order = np.argsort(-d, kind="stable")[: n_bins * size].reshape(-1, size)
    spacing, highest = d[order].mean(axis=1), np.abs(delta_psi[order]).max(axis=1)
    slope, offset = np.linalg.lstsq(
        np.stack([spacing, np.ones(len(spacing))], axis=1), highest, rcond=None
    )[0]
    return (1.0 / (2.0 * slope) if slope > 0 else 0.0), 2.0 * abs(offset)


def _target(x: Floats, d: Floats, delta_psi: Floats) -> tuple[float, Floats]:
    """Negative logarithm of the likelihood and its gradient; x = log(2/D), log(η)."""
    alpha, eta = np.exp(x)
    limit = 0.5 * (d * alpha + eta)
    ratio = delta_psi / limit
    upper, lower = EDGE * (ratio + 1.0), EDGE * (1.0 - ratio)
    edges = np.logaddexp(0.0, upper) + np.logaddexp(0.0, lower)
    value = float((np.log(limit) + edges).sum())
    slope = _logistic(upper) - _logistic(lower)
    by_limit = 1.0 / limit - slope * EDGE * ratio / limit
    gradient = np.array(
        [float((by_limit * 0.5 * d * alpha).sum()), float((by_limit * 0.5 * eta).sum())]
    )
    return value, gradient


def _logistic(x: Floats) -> Floats:
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result
