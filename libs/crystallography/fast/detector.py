"""Beam and panels as arrays, and the way between pixels, millimetres and reciprocal space.

Formulas are dxtbx's (`Panel.get_ray_intersection`, `ParallaxCorrectedPxMmStrategy`). Lengths in mm,
reciprocal vectors in 1/Å, positions (fast, slow). Knows no masks and no images.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.compiled import compiled

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FlatDetector:
    """`n` flat panels and the beam; the sample is at the origin of the laboratory frame."""

    origin_mm: Floats
    """[n, 3]"""
    fast: Floats
    slow: Floats
    """Unit vectors, [n, 3]."""
    pixel_mm: Floats
    """[n, 2]"""
    shape_px: NDArray[np.int64]
    """[n, 2]: pixels along fast and slow."""
    absorption: Floats
    """[n, 2]: linear absorption coefficient (1/mm) and sensor thickness (mm), 0 for no parallax."""
    s0: Floats
    """Along the beam, of length 1/λ (1/Å)."""

    @cached_property
    def projections(self) -> Floats:
        """[n, 3, 3]: inverse of (fast, slow, origin) as columns, dxtbx's D matrix."""
        return np.linalg.inv(np.stack([self.fast, self.slow, self.origin_mm], axis=-1))

    @cached_property
    def across(self) -> Floats:
        """Two unit vectors at right angles to each other and to the beam, [2, 3]."""
        plane: Floats = np.linalg.svd(self.s0[None])[2][1:]
        return plane

    @cached_property
    def moves(self) -> Floats:
        """[n, 2, 3]: the directions `across` in the panels' own terms (projections · direction)."""
        return np.ascontiguousarray((self.projections @ self.across.T).transpose(0, 2, 1))

    def moved(self, shift_mm: Floats) -> "FlatDetector":
        """All panels displaced by `shift_mm` [2] along `across`."""
        return replace(self, origin_mm=self.origin_mm + shift_mm @ self.across)

    @cached_property
    def size_mm(self) -> Floats:
        """[n, 2]"""
        size: Floats = self.shape_px * self.pixel_mm
        return size

    @property
    def wavelength_angstrom(self) -> float:
        return float(1.0 / np.linalg.norm(self.s0))

    def millimetres(self, panel: NDArray[np.int64], xy_px: Floats) -> Floats:
        """Positions on the panels (mm), shape [n, 2], corrected for parallax."""
        return pixels_to_mm(
            panel, xy_px, self.origin_mm, self.fast, self.slow, self.pixel_mm, self.absorption
        )

    def pixels(self, panel: NDArray[np.int64], xy_mm: Floats) -> Floats:
        """The reverse of `millimetres`."""
        return mm_to_pixels(
            panel, xy_mm, self.origin_mm, self.fast, self.slow, self.pixel_mm, self.absorption
        )

    def reciprocal(self, panel: NDArray[np.int64], xy_mm: Floats) -> Floats:
        """q = s1 − s0 (1/Å) of positions on the panels, shape [n, 3]."""
        place = (
            self.origin_mm[panel]
            + xy_mm[:, :1] * self.fast[panel]
            + xy_mm[:, 1:] * self.slow[panel]
        )
        radius = np.linalg.norm(self.s0)
        q: Floats = place / np.linalg.norm(place, axis=1)[:, None] * radius - self.s0
        return q


@compiled
def attenuation_length(
    mu: float, thickness: float, direction: Floats, fast: Floats, slow: Floats, origin: Floats
) -> float:
    """How deep in the sensor (mm) photons are absorbed on average, along their way."""
    nx = fast[1] * slow[2] - fast[2] * slow[1]
    ny = fast[2] * slow[0] - fast[0] * slow[2]
    nz = fast[0] * slow[1] - fast[1] * slow[0]
    cosine = direction[0] * nx + direction[1] * ny + direction[2] * nz
    if origin[0] * nx + origin[1] * ny + origin[2] * nz < 0:
        cosine = -cosine
    inverse: float = 1.0 / mu
    depth: float = inverse - (thickness / cosine + inverse) * math.exp(-mu * thickness / cosine)
    return depth


@compiled
def _shift(
    x: float, y: float, fast: Floats, slow: Floats, origin: Floats, absorption: Floats
) -> tuple[float, float]:
    if absorption[0] <= 0.0:
        return 0.0, 0.0
    direction = origin + x * fast + y * slow
    direction /= math.sqrt((direction * direction).sum())
    depth = attenuation_length(absorption[0], absorption[1], direction, fast, slow, origin)
    return depth * (direction * fast).sum(), depth * (direction * slow).sum()


@compiled
def pixels_to_mm(
    panel: NDArray[np.int64], xy_px: Floats, origin: Floats, fast: Floats, slow: Floats,
    pixel_mm: Floats, absorption: Floats,
) -> Floats:  # fmt: skip
    """Positions in pixels to millimetres on the panels, [n, 2]."""
    result = np.empty(xy_px.shape)
    for k in range(len(panel)):
        p = panel[k]
        x = xy_px[k, 0] * pixel_mm[p, 0]
        y = xy_px[k, 1] * pixel_mm[p, 1]
        dx, dy = _shift(x, y, fast[p], slow[p], origin[p], absorption[p])
        result[k, 0] = x - dx
        result[k, 1] = y - dy
    return result


@compiled
def mm_to_pixels(
    panel: NDArray[np.int64], xy_mm: Floats, origin: Floats, fast: Floats, slow: Floats,
    pixel_mm: Floats, absorption: Floats,
) -> Floats:  # fmt: skip
    """Positions in millimetres on the panels to pixels, [n, 2]."""
    result = np.empty(xy_mm.shape)
    for k in range(len(panel)):
        p = panel[k]
        x = xy_mm[k, 0]
        y = xy_mm[k, 1]
        dx, dy = _shift(x, y, fast[p], slow[p], origin[p], absorption[p])
        result[k, 0] = (x + dx) / pixel_mm[p, 0]
        result[k, 1] = (y + dy) / pixel_mm[p, 1]
    return result


@compiled
def chord_lengths(
    shape_px: NDArray[np.int64], pixel_mm: Floats, fast: Floats, slow: Floats, origin: Floats,
    absorption: Floats, s0: Floats,
) -> NDArray[np.float32]:  # fmt: skip
    """|s1 − s0| λ = 2 sin θ of the centres of a panel's pixels, [slow, fast]."""
    result = np.empty((shape_px[1], shape_px[0]), np.float32)
    beam = s0 / math.sqrt((s0 * s0).sum())
    ray = np.empty(3)
    for j in range(shape_px[1]):
        for i in range(shape_px[0]):
            x = (i + 0.5) * pixel_mm[0]
            y = (j + 0.5) * pixel_mm[1]
            _aim(x, y, fast, slow, origin, ray)
            if absorption[0] > 0.0:
                depth = attenuation_length(absorption[0], absorption[1], ray, fast, slow, origin)
                across = ray[0] * fast[0] + ray[1] * fast[1] + ray[2] * fast[2]
                down = ray[0] * slow[0] + ray[1] * slow[1] + ray[2] * slow[2]
                _aim(x - depth * across, y - depth * down, fast, slow, origin, ray)
            total = 0.0
            for k in range(3):
                total += (ray[k] - beam[k]) ** 2
            result[j, i] = math.sqrt(total)
    return result


@compiled
def _aim(x: float, y: float, fast: Floats, slow: Floats, origin: Floats, ray: Floats) -> None:
    """The unit vector from the sample to a place on a panel (mm)."""
    total = 0.0
    for k in range(3):
        ray[k] = origin[k] + x * fast[k] + y * slow[k]
        total += ray[k] * ray[k]
    length = math.sqrt(total)
    for k in range(3):
        ray[k] /= length
