"""Which reflections of a refined crystal a still shows, and where: DIALS's answer, in its order.

As `NaveStillsReflectionPredictor` (Sauter et al. 2014, Acta Cryst. D70, 3299, eq. 16 and 17), but
without a visit to every index of the resolution sphere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.crystal import ABSENCE_TOLERANCE, KnownCrystal
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.mosaicity import Mosaicity
from libs.crystallography.fast.predict_kernel import absent, near_sphere, panel_impacts

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One entry per reflection, sorted by h, then k, then l."""

    miller: Integers
    """[n, 3]"""
    d_angstrom: Floats
    panel: Integers
    xy_mm: Floats
    xy_px: Floats
    s1: Floats
    """[n, 3], 1/Å"""
    delta_psi: Floats

    def __len__(self) -> int:
        return len(self.miller)


def predict(
    a_matrix: Floats,
    crystal: KnownCrystal,
    mosaicity: Mosaicity,
    detector: FlatDetector,
    d_min_angstrom: float,
    d_max_angstrom: float | None = None,
) -> Predictions:
    """All reflections to `d_min_angstrom` that the model lets appear on a panel."""
    miller = _candidates(a_matrix, mosaicity, detector, d_min_angstrom)
    miller = miller[np.lexsort((miller[:, 2], miller[:, 1], miller[:, 0]))]
    q = miller @ a_matrix.T
    d = 1.0 / np.linalg.norm(q, axis=1)
    s1, psi = _rays(q, detector.s0)
    shown = (np.abs(psi) < mosaicity.limit(d)) & (d >= d_min_angstrom)
    if d_max_angstrom is not None:
        shown &= d <= d_max_angstrom
    miller, d, s1, psi = miller[shown], d[shown], s1[shown], psi[shown]
    panel, xy_mm = panel_impacts(s1, detector.projections, detector.size_mm)
    kept = (panel >= 0) & ~absent(
        miller, crystal.rotations, crystal.translations, ABSENCE_TOLERANCE
    )
    panel, xy_mm = panel[kept], xy_mm[kept]
    return Predictions(
        miller=miller[kept],
        d_angstrom=d[kept],
        panel=panel,
        xy_mm=xy_mm,
        xy_px=detector.pixels(panel, xy_mm),
        s1=s1[kept],
        delta_psi=psi[kept],
    )


def _candidates(
    a_matrix: Floats, mosaicity: Mosaicity, detector: FlatDetector, d_min: float
) -> Integers:
    edges = np.linalg.norm(np.linalg.inv(a_matrix), axis=1)
    limits = (edges / d_min).astype(np.int64) + 1
    q_max = 1.0 / d_min
    margin = (1.0 / mosaicity.domain_angstrom + 0.5 * mosaicity.half_width_rad * q_max) * 1.001
    return near_sphere(
        a_matrix, detector.s0, limits, int(np.argmax(limits)), q_max * (1.0 + 1e-9), margin + 1e-9
    )


def _rays(q: Floats, s0: Floats) -> tuple[Floats, Floats]:
    """s1 (1/Å) [n, 3] and delta psi (rad) [n]; infinite where the sphere is out of reach."""
    radius = float(np.linalg.norm(s0))
    along = q @ (s0 / radius)
    across = q - np.outer(along, s0 / radius)
    width = np.linalg.norm(across, axis=1)
    squared = (q * q).sum(axis=1)
    a = 0.5 * squared / radius
    reached = (squared > a * a) & (width > 0.0)
    b = np.sqrt(np.where(reached, squared - a * a, 1.0))
    width = np.where(reached, width, 1.0)
    s1 = s0 - np.outer(a, s0 / radius) + across * (b / width)[:, None]
    psi = np.where(reached, np.arctan2(a, b) - np.arctan2(-along, width), np.inf)
    return s1, psi
