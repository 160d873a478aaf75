"""Two pictures of a frame that need no indexing: radial profile and distances between spots.

Pure numpy. The profile is the mean of usable pixels per bin of 2θ; the distances are those between
strong spots in reciprocal space, where a lattice shows its axes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.panels import PanelGeometry

TWO_THETA_STEP_DEG = 0.2
DISTANCE_STEP_PER_ANGSTROM = 0.0005
N_DISTANCES = 200
"""Distances up to 0.1 / Å: axes of 10 Å and longer."""
MAX_SPOTS = 300
"""More spots than these (every k-th is taken) say nothing new and cost their square."""
MAX_PIXELS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ProfileBins:
    """Per panel: the flat pixel indices that are looked at, and the bin of each."""

    pixels: tuple[NDArray[np.int64], ...]
    bins: tuple[NDArray[np.int64], ...]
    n_bins: int


def profile_bins(angles: Sequence[NDArray[np.float64]]) -> ProfileBins:
    """Bins of 2θ (degrees, per panel); of large detectors every k-th pixel is looked at."""
    stride = 1 + sum(a.size for a in angles) // MAX_PIXELS
    bins = tuple(
        np.floor(a.ravel()[::stride] / TWO_THETA_STEP_DEG).astype(np.int64) for a in angles
    )
    return ProfileBins(
        pixels=tuple(np.arange(0, a.size, stride, dtype=np.int64) for a in angles),
        bins=bins,
        n_bins=1 + max((int(b.max()) for b in bins if b.size), default=0),
    )


def radial_profile(
    images: Sequence[NDArray[Any]], bins: ProfileBins, usable: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float32]:
    """Mean intensity per bin, shape [n_bins]; NaN where a bin has no usable pixel."""
    total, n = np.zeros(bins.n_bins), np.zeros(bins.n_bins)
    for image, pixels, numbers, mask in zip(images, bins.pixels, bins.bins, usable, strict=True):
        kept = mask.ravel()[pixels]
        values = image.ravel()[pixels[kept]].astype(np.float64)
        total += np.bincount(numbers[kept], values, bins.n_bins)
        n += np.bincount(numbers[kept], minlength=bins.n_bins)
    return np.divide(total, n, out=np.full(bins.n_bins, np.nan), where=n > 0).astype(np.float32)


def reciprocal_positions(
    panels: Sequence[PanelGeometry],
    beam: tuple[float, float, float],
    wavelength_angstrom: float,
    numbers: NDArray[np.int64],
    positions_px: NDArray[np.float64],
) -> NDArray[np.float64]:
    """q = s1 - s0 (1/Å), shape [n, 3], of spots on panel `numbers` [n] at (fast, slow) [n, 2]."""
    origin = np.array([panels[k].origin_mm for k in numbers]).reshape(-1, 3)
    fast = np.array([panels[k].fast for k in numbers]).reshape(-1, 3)
    slow = np.array([panels[k].slow for k in numbers]).reshape(-1, 3)
    mm = positions_px * np.array([panels[k].pixel_mm for k in numbers]).reshape(-1, 2)
    place = origin + fast * mm[:, :1] + slow * mm[:, 1:]
    forward = np.asarray(beam) / np.linalg.norm(beam)
    directions = place / np.linalg.norm(place, axis=1, keepdims=True)
    q: NDArray[np.float64] = (directions - forward) / wavelength_angstrom
    return q


def spot_distances(q: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Histogram of distances between the positions q (1/Å, [n, 3]), shape [N_DISTANCES]."""
    chosen = q[:: 1 + len(q) // MAX_SPOTS]
    first, second = np.triu_indices(len(chosen), 1)
    lengths = np.linalg.norm(chosen[first] - chosen[second], axis=1)
    bins = np.floor(lengths / DISTANCE_STEP_PER_ANGSTROM).astype(np.int64)
    return np.bincount(bins[bins < N_DISTANCES], minlength=N_DISTANCES).astype(np.uint32)


def mean_profile(profiles: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean over frames, bin by bin; NaN where no frame has the bin. Shapes may differ."""
    n_bins = max(len(profile) for profile in profiles)
    padded = np.full((len(profiles), n_bins), np.nan)
    for row, profile in zip(padded, profiles, strict=True):
        row[: len(profile)] = profile
    known = np.isfinite(padded)
    n = known.sum(axis=0)
    total = np.where(known, padded, 0.0).sum(axis=0)
    return np.divide(total, n, out=np.full(n_bins, np.nan), where=n > 0).astype(np.float32)
