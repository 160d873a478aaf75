"""The orientation relative to the true beam, which is where the header says within a pixel or so.

A header that is off by a pixel turns a lattice refined against it by up to 0.3°, for its shift is
taken up by rotations and edges. A second fit moves the detector as well. Only its rotation is kept:
cell, predictions and integration stay those of the header's geometry, as in DIALS, whose cells they
are compared with. The distance stays; it changes the scale, hardly the orientation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.placement import Placement
from libs.crystallography.fast.refine import Observations, RefinedCrystal, refine

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TrueBeam:
    """`a_matrix` (1/Å): the same cell in its orientation relative to the true beam."""

    a_matrix: Floats
    placement: Placement
    """Where the detector stands, as far as this lattice and those before it show."""


def relative_to_beam(
    refined: RefinedCrystal,
    crystal: KnownCrystal,
    observed: Observations,
    detector: FlatDetector,
    placement: Placement,
) -> TrueBeam:
    """Turn a refined lattice as the fit does that moves the detector, `detector` of the header."""
    start = refined.a_matrix
    free = refine(start, crystal, observed, detector, placement, refined.used)
    left, _, right = np.linalg.svd(free.a_matrix @ np.linalg.inv(start))
    return TrueBeam(a_matrix=left @ right @ start, placement=free.placement)
