"""The symmetry that a group of similar lattices has: the highest that their scatter does not deny.

Le Page's angle alone (J. Appl. Cryst. 15, 255, 1982) takes 78, 79, 80 Å for a tetragonal lattice,
and many monoclinic ones for C-centred orthorhombic: it knows nothing of how well a cell is known.
Here each lattice is constrained to the symmetry. What that changes must not be the same in all of
them: of equal edges sometimes one is the longer and sometimes the other. Imports cctbx: for worker
processes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from libs.crystallography.cells import Cell, FloatArray

MAX_DELTA_DEG = 1.5
FLOOR = 0.001
"""Changes below this (a fraction of an edge, radians) are never significant."""
USUAL_SCATTER, WEIGHT = 0.001, 2
"""Counts like so many lattices more, so that two that agree by chance decide nothing."""
BIAS, SIGNIFICANT = 2.0, 3.75
"""Reduction sorts edges and turns angles to one side of 90°, which makes the changes one-sided: up
to 1.6 times their scatter, however many lattices there are."""


@dataclass(frozen=True, kw_only=True)
class MetricSymmetry:
    """A cctbx symmetry in the best conventional setting, and Le Page's angle of the median."""

    symmetry: Any
    max_delta_deg: float


def metric_symmetry(median: Cell, alike: FloatArray) -> MetricSymmetry:
    """Symmetry of a median Niggli cell, for float [n, 6] cells in settings like the median's."""
    from cctbx import crystal, uctbx
    from cctbx.sgtbx.lattice_symmetry import metric_subgroups

    lattice = metric_subgroups(
        crystal.symmetry(unit_cell=median, space_group_symbol="P1"),
        MAX_DELTA_DEG,
        enforce_max_delta_for_generated_two_folds=True,
    )
    to_minimum = lattice.cb_op_inp_minimum
    cells = [uctbx.unit_cell(cell).change_basis(to_minimum) for cell in alike.tolist()]
    *candidates, triclinic = lattice.result_groups
    fitting = (g for g in candidates if agree(_changes(cells, g["subsym"].space_group())))
    found = next(fitting, triclinic)
    return MetricSymmetry(
        symmetry=found["best_subsym"], max_delta_deg=float(found["max_angular_difference"])
    )


def agree(changes: FloatArray) -> bool:
    """Whether float [n, 6], as fractions of the edges and in radians, may be no more than noise.

    The scatter of the three edges is pooled, and that of the three angles.
    """
    n = len(changes)
    variances = changes.var(axis=0).reshape(2, 3).mean(axis=1) * n
    scatter = np.sqrt((variances + WEIGHT * USUAL_SCATTER**2) / (n - 1 + WEIGHT))
    limits = np.maximum((BIAS + SIGNIFICANT / np.sqrt(n)) * scatter, FLOOR)
    return bool(np.all(np.abs(np.median(changes, axis=0)).reshape(2, 3) <= limits[:, np.newaxis]))


def _changes(cells: Iterable[Any], group: Any) -> FloatArray:
    """Float [n, 6]: what the constraint changes in each lattice."""
    before = np.array([cell.parameters() for cell in cells])
    after = np.array([group.average_unit_cell(cell).parameters() for cell in cells])
    scale = np.column_stack([before[:, :3], np.full((len(before), 3), np.degrees(1.0))])
    changes: FloatArray = (after - before) / scale
    return changes
