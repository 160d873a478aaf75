"""One shot, drawn from its condition: pulse, jet, wavelength, crystals. No pixels yet."""

import math
from dataclasses import dataclass

import numpy as np

from libs.simulation.conditions import Condition, Kind
from libs.simulation.crystal import Crystal, draw_crystal
from libs.simulation.ice import draw_ice_spots
from libs.simulation.settings import BeamlineSettings, BeamSettings
from libs.simulation.symmetry import FloatArray, Sample

_SHOT_STREAM = 77
_WAVELENGTH_STREAM = 5
_SPOTS_OF_JUNK = 60
_SPOTS_OF_A_HIT = 130
_STRAY_RING_RAD = (0.08, 0.47)  # tan 2θ between which stray spots lie


@dataclass(frozen=True, kw_only=True)
class Shot:
    """`stray_spots` has a row per spot of no lattice: tan 2θ, azimuth (rad), photons."""

    frame: int
    condition: Condition
    pulse: float
    jet_thickness: float
    wavelength_angstrom: float
    crystals: tuple[Crystal, ...]
    stray_spots: FloatArray


def draw_shot(
    settings: BeamlineSettings, sample: Sample, seed: int, frame: int, condition: Condition
) -> Shot:
    """A pure function: the same arguments give the same shot."""
    rng = np.random.default_rng([seed, frame, _SHOT_STREAM])
    pulse = float(np.clip(rng.normal(1, settings.beam.pulse_spread), 0.4, 1.6))
    jet_thickness = float(np.exp(rng.normal(0, 0.25)))
    crystals = tuple(
        draw_crystal(
            rng,
            sample,
            d_limit_angstrom=condition.d_limit_angstrom,
            weak=condition.kind is Kind.WEAK,
            first=number == 0,
        )
        for number in range(condition.n_lattices)
    )
    wavelength_angstrom = draw_wavelength(settings.beam, seed, frame)
    stray_spots = _draw_stray_spots(rng, condition, settings.stray_fraction)
    if condition.jet and settings.ice.spots:
        ice_spots = draw_ice_spots(settings.ice, seed, frame, wavelength_angstrom)
        stray_spots = np.concatenate([stray_spots, ice_spots])
    return Shot(
        frame=frame,
        condition=condition,
        pulse=pulse if condition.beam else 0.0,
        jet_thickness=jet_thickness if condition.jet else 0.0,
        wavelength_angstrom=wavelength_angstrom,
        crystals=crystals,
        stray_spots=stray_spots,
    )


def draw_wavelength(beam: BeamSettings, seed: int, frame: int) -> float:
    if beam.wavelength_jitter == 0.0:
        return beam.wavelength_angstrom
    deviate = np.random.default_rng([seed, frame, _WAVELENGTH_STREAM]).normal()
    return float(beam.wavelength_angstrom * (1 + beam.wavelength_jitter * deviate))


def _draw_stray_spots(
    rng: np.random.Generator, condition: Condition, fraction: float
) -> FloatArray:
    of_hits = int(rng.poisson(fraction * _SPOTS_OF_A_HIT * condition.n_lattices))
    n = _SPOTS_OF_JUNK if condition.kind is Kind.JUNK else of_hits
    inner, outer = _STRAY_RING_RAD
    tan_two_theta = inner + (outer - inner) * np.sqrt(rng.random(n))
    azimuth = 2 * math.pi * rng.random(n)
    return np.stack([tan_two_theta, azimuth, 400 * np.exp(rng.normal(0, 0.7, n))], axis=1)
