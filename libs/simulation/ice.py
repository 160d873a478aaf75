"""Hexagonal ice in the jet: powder rings, and spots of grains large enough to show alone."""

import math

import numpy as np

from libs.simulation.settings import IceSettings
from libs.simulation.symmetry import FloatArray

_STREAM = 31
_RINGS = (  # d (Å), relative intensity: the strong reflections of ice Ih (PDF 42-1142)
    (3.900, 1.0),
    (3.671, 0.5),
    (3.444, 0.7),
    (2.671, 0.25),
    (2.251, 0.35),
    (2.072, 0.3),
    (1.948, 0.25),
    (1.918, 0.2),
    (1.885, 0.1),
)
_RING_WIDTH_Q = 0.0008
_MEAN_PHOTONS = 400


def ice_rings(q: FloatArray) -> FloatArray:
    """Scattering at q (1/Å), 1 at the top of the strongest ring."""
    rings = [height * np.exp(-0.5 * ((q - 1 / d) / _RING_WIDTH_Q) ** 2) for d, height in _RINGS]
    scattering: FloatArray = np.sum(rings, axis=0)
    return scattering


def draw_ice_spots(
    ice: IceSettings, seed: int, frame: int, wavelength_angstrom: float
) -> FloatArray:
    """Rows like those of stray spots: tan 2θ, azimuth (rad), photons."""
    rng = np.random.default_rng([seed, frame, _STREAM])
    n = int(rng.poisson(ice.spots))
    spacings, weights = np.array(_RINGS).T
    d = rng.choice(spacings, n, p=weights / weights.sum()) * (1 + rng.normal(0, 0.001, n))
    tan_two_theta = np.tan(2 * np.arcsin(wavelength_angstrom / (2 * d)))
    azimuth = 2 * math.pi * rng.random(n)
    photons = _MEAN_PHOTONS * np.exp(rng.normal(0, 0.7, n))
    return np.stack([tan_two_theta, azimuth, photons], axis=1)
