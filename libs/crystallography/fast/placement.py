"""Where the detector really stands: a normal distribution of its shift across the beam.

A header is off by up to a pixel or so. A refinement that may move the detector takes that as a
belief, and what a lattice shows sharpens it for the next lattice of the same frame; nothing goes
from frame to frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.detector import FlatDetector

Floats = NDArray[np.float64]

HEADER_ERROR_PX = 1.0
"""Standard deviation along each direction."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """`shift_mm` [m] along the directions `FlatDetector.across`, from where the header has it."""

    shift_mm: Floats
    precision: Floats
    """Inverse covariance, [m, m], 1/mm²."""


AS_IN_HEADER = Placement(shift_mm=np.zeros(0), precision=np.zeros((0, 0)))
"""The detector does not move."""


def near_header(detector: FlatDetector) -> Placement:
    """What is known of a detector that may move before anything is indexed."""
    error_mm = HEADER_ERROR_PX * float(detector.pixel_mm[0].mean())
    return Placement(shift_mm=np.zeros(2), precision=np.eye(2) / error_mm**2)


def learned_placement(shift_mm: Floats, normal: Floats) -> Placement:
    """What is known after a fit with the normal matrix [p + m, p + m], whatever the p others are.

    The Schur complement of the shift: the inverse of its block of the covariance.
    """
    n = len(normal) - len(shift_mm)
    own, mixed, others = normal[n:, n:], normal[:n, n:], normal[:n, :n]
    precision: Floats = own - mixed.T @ np.linalg.solve(others, mixed)
    return Placement(shift_mm=shift_mm, precision=0.5 * (precision + precision.T))
