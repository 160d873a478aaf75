"""Scattering without crystals of the sample: air, the jet's water and ice,
the detector's dark counts."""

import numpy as np

from libs.simulation.detector import Detector
from libs.simulation.ice import ice_rings
from libs.simulation.symmetry import FloatArray

_WATER_RING_Q = 1 / 3.29
_AIR_PHOTONS = 0.6
_JET_PHOTONS = 2.5


class Background:
    """Expected photons per pixel in each ring of the detector."""

    def __init__(
        self, detector: Detector, dark_photons_per_px: float, ice_photons: float = 0.0
    ) -> None:
        self._dark = dark_photons_per_px
        self._air = _AIR_PHOTONS * _air(detector.ring_q) * detector.ring_solid_angle
        liquid = _JET_PHOTONS * _water(detector.ring_q) * detector.ring_solid_angle
        self._jet = liquid + ice_photons * ice_rings(detector.ring_q)

    def expected(self, pulse: float, jet_thickness: float) -> FloatArray:
        """`pulse` is the pulse energy, `jet_thickness` the jet's, both 1 on average, 0 without."""
        result: FloatArray = self._dark + pulse * (self._air + jet_thickness * self._jet)
        return result


def _air(q: FloatArray) -> FloatArray:
    result: FloatArray = np.exp(-q / 0.12)
    return result


def _water(q: FloatArray) -> FloatArray:
    """The water ring near 3.29 Å, steeper inside than outside, its shoulder and the rise inward."""
    width = np.where(q < _WATER_RING_Q, 0.045, 0.070)
    ring = np.exp(-0.5 * ((q - _WATER_RING_Q) / width) ** 2)
    shoulder = 0.12 * np.exp(-0.5 * ((q - 0.17) / 0.05) ** 2)
    tail = 0.18 / (1 + np.exp(-(q - 0.33) / 0.03))
    result: FloatArray = ring + shoulder + 0.10 * np.exp(-q / 0.05) + tail
    return result
