"""The symmetry that a group of similar lattices has: the highest that their scatter does not deny.

Le Page's angle alone (J. Appl. Cryst. 15, 255, 1982) takes 78, 79, 80 Å for a tetragonal lattice,
and many monoclinic ones for C-centred orthorhombic: it knows nothing of how well a cell is known.
Here the cell constrained to a symmetry must agree with the median as well as the lattices agree
with each other. Imports cctbx: for worker processes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from libs.crystallography.cells import Cell, FloatArray

MAX_DELTA_DEG = 1.5
FLOOR = 0.001
"""Differences below this (a fraction of an edge, radians) are never significant."""
SINGLE = 0.004
"""What two measurements of one lattice may differ by where only one is known."""
BIAS, SIGNIFICANT = 2.0, 3.0
"""Reduction sorts edges and turns angles to one side of 90°: it sets equal ones apart by one to
two times the scatter that is left, however many lattices there are."""
MEDIAN_TO_MEAN = 1.25
"""How much larger a median's standard error is than a mean's."""


@dataclass(frozen=True, kw_only=True)
class MetricSymmetry:
    """A cctbx symmetry in the best conventional setting, and Le Page's angle of the median."""

    symmetry: Any
    max_delta_deg: float


def metric_symmetry(median: Cell, alike: FloatArray) -> MetricSymmetry:
    """Symmetry of a median Niggli cell, for float [n, 6] cells in settings like the median's."""
    from cctbx import crystal
    from cctbx.sgtbx.lattice_symmetry import metric_subgroups

    lattice = metric_subgroups(
        crystal.symmetry(unit_cell=median, space_group_symbol="P1"),
        MAX_DELTA_DEG,
        enforce_max_delta_for_generated_two_folds=True,
    )
    reduced = np.array(lattice.minimum_symmetry.unit_cell().parameters())
    tolerance = _tolerance(alike)
    *candidates, triclinic = lattice.result_groups
    for group in candidates:
        constrained = np.array(group["subsym"].unit_cell().parameters())
        if np.all(np.abs(_relative(constrained, reduced)) <= tolerance):
            return _answer(group)
    return _answer(triclinic)


def _answer(group: Any) -> MetricSymmetry:
    return MetricSymmetry(
        symmetry=group["best_subsym"], max_delta_deg=float(group["max_angular_difference"])
    )


def _tolerance(alike: FloatArray) -> FloatArray:
    """Float [6]: fractions of the edges, then radians; the scatter of the three is pooled."""
    n = len(alike)
    if n == 1:
        return np.full(6, SINGLE)
    spread = _relative(alike, np.median(alike, axis=0)).std(axis=0, ddof=1)
    pooled = np.sqrt((spread.reshape(2, 3) ** 2).mean(axis=1))
    times = BIAS + SIGNIFICANT * MEDIAN_TO_MEAN / np.sqrt(n)
    tolerance: FloatArray = np.repeat(np.maximum(times * pooled, FLOOR), 3)
    return tolerance


def _relative(cells: FloatArray, reference: FloatArray) -> FloatArray:
    """Edges as fractions of the reference's, angles as differences in radians."""
    scale = np.concatenate([reference[:3], np.full(3, np.degrees(1.0))])
    relative: FloatArray = (cells - reference) / scale
    return relative
