"""One crystal's diffraction in a still: which reflections, how strong, where, and their pixels.

The rocking curve is a Gaussian in the excitation error ε = |s0 + q| - 1/λ. Its variance is the sum
of a finite domain size, of mosaicity and of bandwidth; a spot moves by the share that mosaicity
(a rotation onto the Ewald sphere) and bandwidth (another wavelength) have in it. Not simulated:
the crystal's shape, anisotropy, diffuse scattering.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.simulation.compiled import compiled
from libs.simulation.models import BeamModel, CrystalModel, PanelGeometry
from libs.simulation.symmetry import FloatArray

_MARGIN_PX = 4.0
_FEWEST_PHOTONS = 0.02
_FALL_OFF_WIDTH = 0.012  # 1/Å: how sharply a crystal's diffraction ends at its limit


class Spot(NamedTuple):
    """`photons` is what is expected, 0 where the reflection is not seen."""

    fast_px: float
    slow_px: float
    photons: float
    partiality: float
    excitation_error: float


@compiled
def to_pixel(x_mm: float, y_mm: float, panel: PanelGeometry) -> tuple[float, float]:
    """Panel millimetres to pixels, with the sensor's parallax as in dxtbx's
    ParallaxCorrectedPxMmStrategy."""
    x = x_mm - panel.beam_x_mm
    y = y_mm - panel.beam_y_mm
    path = math.sqrt(x * x + y * y + panel.distance_mm**2)
    depth = 0.0
    if panel.sensor_mm > 0:
        through = panel.sensor_mm * path / panel.distance_mm
        mean = 1.0 / panel.absorption_per_mm
        depth = mean - (through + mean) * math.exp(-panel.absorption_per_mm * through)
    return (x_mm + x / path * depth) / panel.pixel_mm, (y_mm + y / path * depth) / panel.pixel_mm


@compiled
def mosaic_variance(q_squared: float, crystal: CrystalModel) -> float:
    return q_squared * crystal.mosaicity_rad**2


@compiled
def bandwidth_variance(q_squared: float, beam: BeamModel) -> float:
    return (beam.bandwidth * q_squared / (2.0 * beam.radius)) ** 2


@compiled
def diffracted_ray(
    q: tuple[float, float, float],
    excitation: float,
    mosaic_share: float,
    band_share: float,
    R: float,
) -> tuple[float, float, float]:
    """The likeliest s1 (1/Å) of a reflection that is `excitation` off the Ewald sphere.

    The mosaic share rotates q onto the sphere about q × s0 (dxtbx's StillsRayPredictor).
    """
    across = math.sqrt(q[0] ** 2 + q[1] ** 2)
    q_squared = across**2 + q[2] ** 2
    on_sphere_z = q_squared / (2.0 * R)
    stretch = math.sqrt(max(q_squared - on_sphere_z**2, 0.0)) / across - 1.0
    backward = q_squared / (2.0 * R * R)  # 1 - cos 2θ
    radius_change = band_share * excitation / backward
    return (
        q[0] * (1.0 + mosaic_share * stretch),
        q[1] * (1.0 + mosaic_share * stretch),
        q[2] + mosaic_share * (on_sphere_z - q[2]) - R - radius_change,
    )


@compiled
def range_along_row(
    start: tuple[float, float, float], step: tuple[float, float, float], q_max: float, limit: int
) -> tuple[int, int]:
    """First and last l for which |start + l · step| ≤ q_max; first > last where there is none."""
    a = step[0] ** 2 + step[1] ** 2 + step[2] ** 2
    b = start[0] * step[0] + start[1] * step[1] + start[2] * step[2]
    c = start[0] ** 2 + start[1] ** 2 + start[2] ** 2 - q_max**2
    discriminant = b * b - a * c
    if discriminant < 0.0:
        return 1, 0
    root = math.sqrt(discriminant)
    first = math.ceil((-b - root) / a)
    last = math.floor((-b + root) / a)
    return max(-limit, first), min(limit, last)


@compiled
def widest_excitation(q_max: float, beam: BeamModel, crystal: CrystalModel) -> float:
    """Beyond this | |s0 + q|² - R² | no reflection is worth a closer look."""
    squared = q_max**2
    variance = crystal.domain_width**2 + mosaic_variance(squared, crystal)
    reach = 4.2 * math.sqrt(variance + bandwidth_variance(squared, beam))
    return 2.0 * beam.radius * reach + reach**2


@compiled
def observe(
    q: tuple[float, float, float], intensity: float,
    panel: PanelGeometry, beam: BeamModel, crystal: CrystalModel,
) -> Spot:  # fmt: skip
    """Where and how strongly the reflection at `q` is seen."""
    q_squared = q[0] ** 2 + q[1] ** 2 + q[2] ** 2
    R = beam.radius
    excitation = math.sqrt(q_squared - 2.0 * R * q[2] + R * R) - R
    mosaic = mosaic_variance(q_squared, crystal)
    band = bandwidth_variance(q_squared, beam)
    variance = crystal.domain_width**2 + mosaic + band
    partiality = math.exp(-excitation * excitation / (2.0 * variance))
    s1 = diffracted_ray(q, excitation, mosaic / variance, band / variance, R)
    if s1[2] >= 0.0 or excitation * excitation > 16.0 * variance:
        return Spot(0.0, 0.0, 0.0, partiality, excitation)
    along = -panel.distance_mm / s1[2]
    x_mm = s1[0] * along + panel.beam_x_mm
    fast, slow = to_pixel(x_mm, panel.beam_y_mm - s1[1] * along, panel)
    length = math.sqrt(s1[0] ** 2 + s1[1] ** 2 + s1[2] ** 2)
    polarisation = 1.0 - (s1[0] / length) ** 2
    fall_off = 1.0 + math.exp((math.sqrt(q_squared) - crystal.q_limit) / _FALL_OFF_WIDTH)
    photons = crystal.photons * intensity * partiality * polarisation / fall_off
    return Spot(fast, slow, photons, partiality, excitation)


@compiled
def is_near(spot: Spot, size: tuple[int, int]) -> bool:
    """`size` is fast, slow; a spot whose centre is just outside still has pixels inside."""
    fast_near = -_MARGIN_PX <= spot.fast_px <= size[0] + _MARGIN_PX
    return fast_near and -_MARGIN_PX <= spot.slow_px <= size[1] + _MARGIN_PX


@compiled
def fill_row(row: FloatArray, h: int, k: int, m: int, spot: Spot, q_squared: float) -> None:
    row[0] = h
    row[1] = k
    row[2] = m
    row[3] = spot.fast_px
    row[4] = spot.slow_px
    row[5] = spot.photons
    row[6] = spot.partiality
    row[7] = spot.excitation_error
    row[8] = q_squared


@compiled
def predict_lattice(
    A: FloatArray, table: NDArray[np.float32], limits: tuple[int, int, int], q_max: float,
    size: tuple[int, int], panel: PanelGeometry, beam: BeamModel, crystal: CrystalModel,
    rows: FloatArray,
) -> int:  # fmt: skip
    """Fill `rows` with what a crystal of setting `A` (q = A · h) shows, and give their number.

    That is every reflection on or just beside the detector with at least 0.02 expected photons,
    as far as there are rows.
    """
    widest = widest_excitation(q_max, beam, crystal)
    step = (A[0, 2], A[1, 2], A[2, 2])
    n = 0
    for h in range(-limits[0], limits[0] + 1):
        for k in range(-limits[1], limits[1] + 1):
            start = (
                A[0, 0] * h + A[0, 1] * k,
                A[1, 0] * h + A[1, 1] * k,
                A[2, 0] * h + A[2, 1] * k,
            )
            first, last = range_along_row(start, step, q_max, limits[2])
            for m in range(first, last + 1):
                intensity = table[h + limits[0], k + limits[1], m + limits[2]]
                q = (start[0] + step[0] * m, start[1] + step[1] * m, start[2] + step[2] * m)
                q_squared = q[0] ** 2 + q[1] ** 2 + q[2] ** 2
                if intensity == 0.0 or abs(q_squared - 2.0 * beam.radius * q[2]) > widest:
                    continue
                spot = observe(q, intensity, panel, beam, crystal)
                seen = spot.photons >= _FEWEST_PHOTONS and is_near(spot, size)
                if seen and n < rows.shape[0]:
                    fill_row(rows[n], h, k, m, spot, q_squared)
                    n += 1
    return n
