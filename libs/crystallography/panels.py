"""A detector panel as plain numbers, and the scattering angle of its pixels. Pure numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class PanelGeometry:
    """One flat panel in the laboratory frame (mm); the sample is at the origin."""

    origin_mm: Vector
    """Corner of the first pixel."""
    fast: Vector
    slow: Vector
    pixel_mm: tuple[float, float]
    """Pixel size along fast and slow."""
    shape: tuple[int, int]
    """Pixels along slow and fast, as the array has them."""
    distance_mm: float
    """From the sample, along the panel's normal."""
    beam_centre_px: tuple[float, float]
    """Where the beam meets the panel's plane (fast, slow)."""


def pixel_two_theta_deg(panel: PanelGeometry, beam: Vector) -> NDArray[np.float64]:
    """Scattering angle (degrees) of each pixel's centre, shape (slow, fast).

    `beam` points along the beam, of any length. Parallax inside the sensor is left out: it moves
    a ring by less than a pixel.
    """
    n_slow, n_fast = panel.shape
    along_fast = (np.arange(n_fast) + 0.5) * panel.pixel_mm[0]
    along_slow = (np.arange(n_slow) + 0.5) * panel.pixel_mm[1]
    forward = np.asarray(beam) / np.linalg.norm(beam)
    origin, fast, slow = (np.asarray(v) for v in (panel.origin_mm, panel.fast, panel.slow))
    along_beam = _projection(
        origin @ forward, fast @ forward, slow @ forward, along_fast, along_slow
    )
    length_squared = sum(
        _projection(origin[k], fast[k], slow[k], along_fast, along_slow) ** 2 for k in range(3)
    )
    cosine = along_beam / np.sqrt(length_squared)
    angles: NDArray[np.float64] = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return angles


def pixel_width_deg(panel: PanelGeometry, two_theta: float) -> float:
    """About how many degrees of 2θ one pixel spans at this angle, for a panel across the beam."""
    step = min(panel.pixel_mm) / panel.distance_mm
    return float(np.degrees(step) * np.cos(np.radians(two_theta)) ** 2)


def _projection(
    origin: float, fast: float, slow: float, along_fast: NDArray[np.float64],
    along_slow: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    return origin + fast * along_fast[None, :] + slow * along_slow[:, None]
