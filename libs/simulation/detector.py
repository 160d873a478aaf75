"""The detector as arrays: which ring each pixel belongs to, the mask, and pixel positions.

Frame of reference as in dxtbx: beam along -z, fast axis along +x, slow axis along -y; q = 1/d in
1/Å. Positions include the parallax in the silicon sensor.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.simulation.models import PanelGeometry
from libs.simulation.settings import DetectorSettings
from libs.simulation.symmetry import FloatArray

# Linear absorption of silicon, 1/mm, at these wavelengths in Å (McMaster tables, as cctbx has them)
_SILICON_WAVELENGTH = (0.8, 1.0, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0)
_SILICON_ABSORPTION = (2.1901, 4.2080, 7.1762, 9.0579, 11.2267, 16.5056, 23.0999, 31.2027)

_HOT_STREAM = 13


@dataclass(frozen=True, kw_only=True)
class Detector:
    """`ring_of_pixel` numbers rings one pixel wide; the ring arrays hold one value per ring."""

    panel: PanelGeometry
    ring_of_pixel: NDArray[np.uint16]
    ring_q: FloatArray
    ring_solid_angle: FloatArray
    mask: NDArray[np.uint32]
    hot: NDArray[np.int64]
    """Flat numbers of the hot pixels."""
    d_min_angstrom: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.mask.shape[0], self.mask.shape[1]


def silicon_absorption_per_mm(wavelength_angstrom: float) -> float:
    """Interpolated on a log-log scale between 0.8 and 2 Å."""
    x = math.log(wavelength_angstrom)
    table = np.log(_SILICON_WAVELENGTH), np.log(_SILICON_ABSORPTION)
    return math.exp(float(np.interp(x, *table)))


def build_detector(settings: DetectorSettings, wavelength_angstrom: float) -> Detector:
    """Solid angles are relative to a pixel of 75 µm at 75 mm, on the beam axis."""
    rings = _rings(settings)
    radius_mm = (np.arange(int(rings.max()) + 1) + 0.5) * settings.pixel_mm
    two_theta = np.arctan(radius_mm / settings.distance_mm)
    on_axis = (settings.pixel_mm / settings.distance_mm / 1e-3) ** 2
    return Detector(
        panel=_panel(settings, wavelength_angstrom),
        ring_of_pixel=rings,
        ring_q=2 * np.sin(two_theta / 2) / wavelength_angstrom,
        ring_solid_angle=on_axis * np.cos(two_theta) ** 3,
        mask=_mask(settings),
        hot=_hot_pixels(settings),
        d_min_angstrom=_corner_resolution(settings, wavelength_angstrom),
    )


def _rings(settings: DetectorSettings) -> NDArray[np.uint16]:
    slow, fast = np.mgrid[0 : settings.n_slow, 0 : settings.n_fast]
    across = fast + 0.5 - settings.beam_fast_px
    rings: NDArray[np.uint16] = np.hypot(across, slow + 0.5 - settings.beam_slow_px).astype(
        np.uint16
    )
    return rings


def _panel(settings: DetectorSettings, wavelength_angstrom: float) -> PanelGeometry:
    return PanelGeometry(
        beam_x_mm=settings.beam_fast_px * settings.pixel_mm,
        beam_y_mm=settings.beam_slow_px * settings.pixel_mm,
        distance_mm=settings.distance_mm,
        pixel_mm=settings.pixel_mm,
        absorption_per_mm=silicon_absorption_per_mm(wavelength_angstrom),
        sensor_mm=settings.sensor_mm,
    )


def _mask(settings: DetectorSettings) -> NDArray[np.uint32]:
    mask = np.zeros((settings.n_slow, settings.n_fast), np.uint32)
    first, end = settings.gap()
    mask[first:end] = 1
    left, right = settings.column_gap()
    mask[:, left:right] = 1
    return mask


def _hot_pixels(settings: DetectorSettings) -> NDArray[np.int64]:
    """Always the same ones; every fifth is one of four in a square."""
    size = settings.n_fast * (settings.n_slow - 1) - 1
    hot = np.random.default_rng(_HOT_STREAM).integers(0, size, settings.hot_pixels)
    squares = hot[::5]
    return np.concatenate(
        [hot, squares + 1, squares + settings.n_fast, squares + settings.n_fast + 1]
    )


def _corner_resolution(settings: DetectorSettings, wavelength_angstrom: float) -> float:
    across = max(settings.beam_fast_px, settings.n_fast - settings.beam_fast_px)
    down = max(settings.beam_slow_px, settings.n_slow - settings.beam_slow_px)
    two_theta = math.atan(math.hypot(across, down) * settings.pixel_mm / settings.distance_mm)
    return wavelength_angstrom / (2 * math.sin(two_theta / 2))
