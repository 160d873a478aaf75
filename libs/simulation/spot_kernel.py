"""Pixels of spots: Gaussians of predicted reflections, photon by photon for stray ones."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.simulation.compiled import compiled
from libs.simulation.models import FAST, PHOTONS, Q_SQUARED, SLOW, BeamModel, PanelGeometry
from libs.simulation.symmetry import FloatArray


class SpotShape(NamedTuple):
    """exp(-(a·dx² + b·dy² + c·dx·dy) / 2) within `reach` pixels, `peak` at its centre."""

    a: float
    b: float
    c: float
    peak: float
    reach: int


@compiled
def poisson(mean: float) -> int:
    if mean >= 8.0:
        return int(np.random.poisson(mean))
    bound = math.exp(-mean)  # Knuth's multiplication: quicker for small means
    product = np.random.random()
    count = 0
    while product > bound:
        product *= np.random.random()
        count += 1
    return count


@compiled
def spot_shape(
    row: FloatArray, panel: PanelGeometry, beam: BeamModel, mosaicity_rad: float
) -> SpotShape:
    """A Gaussian, broadened across the ring by mosaicity and along the radius by bandwidth."""
    x = row[FAST] - panel.beam_x_mm / panel.pixel_mm
    y = row[SLOW] - panel.beam_y_mm / panel.pixel_mm
    r = math.sqrt(x * x + y * y) + 1e-9
    cos_phi = x / r
    sin_phi = y / r
    R = beam.radius
    q_squared = row[Q_SQUARED]
    cos_2theta = 1.0 - q_squared / (2.0 * R * R)
    distance_px = panel.distance_mm / panel.pixel_mm
    tan_theta = math.tan(0.5 * math.acos(cos_2theta))
    radial = beam.bandwidth * tan_theta * 2.0 * distance_px / cos_2theta**2
    tangential = mosaicity_rad * math.sqrt(q_squared) * distance_px / (R * cos_2theta)
    along = beam.spot_sigma_px**2 + radial**2
    across = beam.spot_sigma_px**2 + tangential**2
    reach = (4.0 if row[PHOTONS] < 3000.0 else 5.0) * math.sqrt(max(along, across))
    return SpotShape(
        cos_phi**2 / along + sin_phi**2 / across,
        sin_phi**2 / along + cos_phi**2 / across,
        2.0 * cos_phi * sin_phi * (1.0 / along - 1.0 / across),
        row[PHOTONS] / (2.0 * math.pi * math.sqrt(along * across)),
        math.ceil(reach),
    )


@compiled
def paint_spot(image: NDArray[np.int32], fast: float, slow: float, shape: SpotShape) -> None:
    """Add one Poisson draw of the spot to the pixels."""
    left = math.floor(fast)
    top = math.floor(slow)
    for j in range(max(0, top - shape.reach), min(image.shape[0], top + shape.reach + 1)):
        dy = j + 0.5 - slow
        for i in range(max(0, left - shape.reach), min(image.shape[1], left + shape.reach + 1)):
            dx = i + 0.5 - fast
            exponent = -0.5 * (shape.a * dx * dx + shape.b * dy * dy + shape.c * dx * dy)
            mean = shape.peak * math.exp(exponent) if exponent > -14.0 else 0.0
            if mean > 1e-4:
                image[j, i] += poisson(mean)


@compiled
def paint_spots(
    image: NDArray[np.int32], rows: FloatArray, panel: PanelGeometry, beam: BeamModel,
    mosaicity_rad: float, seed: int,
) -> None:  # fmt: skip
    """Add the reflections in `rows` (see models.COLUMNS), with the noise that `seed` gives."""
    np.random.seed(seed)
    for n in range(rows.shape[0]):
        shape = spot_shape(rows[n], panel, beam, mosaicity_rad)
        paint_spot(image, rows[n, FAST], rows[n, SLOW], shape)


@compiled
def add_stray_spots(
    image: NDArray[np.int32], spots: FloatArray, sigma_px: float, seed: int
) -> None:
    """Spots of no lattice, photon by photon; rows of `spots` are x, y (px), photons."""
    np.random.seed(seed)
    for s in range(spots.shape[0]):
        for _ in range(np.random.poisson(spots[s, 2])):
            fast = math.floor(spots[s, 0] + sigma_px * np.random.normal())
            slow = math.floor(spots[s, 1] + sigma_px * np.random.normal())
            if 0 <= fast < image.shape[1] and 0 <= slow < image.shape[0]:
                image[slow, fast] += 1
