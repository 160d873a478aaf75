"""From the cells of many lattices to proposals: DIALS's clustering, cctbx's metric symmetry.

Cells are Niggli-reduced and clustered by the distance of Andrews & Bernstein (J. Appl. Cryst. 47,
346, 2014), single linkage. Imports DIALS: for worker processes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from libs.crystallography.cells import Cell, CellProposal, alike_cells, median_cell
from libs.diffraction.metric_symmetry import metric_symmetry

SAME_EDGE = 0.015
"""Two lattices belong together when their edges differ by less than about this fraction."""
LEAST_LATTICES = 2
"""Of a group that is proposed; a single lattice is proposed only where there is no other."""


def propose_cells(cells: Sequence[Cell]) -> tuple[CellProposal, ...]:
    """Groups of similar lattices, the largest first; empty where there are no lattices.

    `cells`: of primitive or centred lattices in P1, a, b, c in Å and angles in degrees.
    """
    reduced = [_reduced(cell) for cell in cells]
    groups = _groups(reduced)
    wanted = [group for group in groups if len(group) >= LEAST_LATTICES] or groups
    return tuple(_proposal(group, len(cells)) for group in wanted)


def _reduced(cell: Cell) -> Any:
    from cctbx import crystal

    return crystal.symmetry(unit_cell=cell, space_group_symbol="P1").niggli_cell()


def _groups(reduced: Sequence[Any]) -> list[list[Any]]:
    """Largest first; of equal ones the smaller cell."""
    found = list(_clusters(reduced)) if len(reduced) > 1 else [list(reduced)] * bool(reduced)
    return sorted(
        found, key=lambda group: (-len(group), min(c.unit_cell().volume() for c in group))
    )


def _clusters(reduced: Sequence[Any]) -> Iterator[list[Any]]:
    from dials.algorithms.clustering.unit_cell import cluster_unit_cells

    middle = float(np.median([sorted(c.unit_cell().parameters()[:3])[1] for c in reduced]))
    threshold = 2.0 * SAME_EDGE * middle**2  # the distance is one of squared edges
    for cluster in cluster_unit_cells(list(reduced), threshold=threshold).clusters:
        yield cluster.crystal_symmetries


def _proposal(group: Sequence[Any], n_of: int) -> CellProposal:
    from cctbx.sgtbx.bravais_types import bravais_lattice

    cells = [member.unit_cell().parameters() for member in group]
    alike, median = alike_cells(cells), median_cell(cells)
    found = metric_symmetry(median, alike)
    conventional = found.symmetry.as_reference_setting().space_group()
    chiral = found.symmetry.space_group().build_derived_acentric_group()
    return CellProposal(
        n_lattices=len(group),
        n_of=n_of,
        unit_cell=_six(found.symmetry.unit_cell().parameters()),
        spread=_six(alike.std(axis=0).tolist()),
        bravais=str(bravais_lattice(group=conventional)),
        space_group=str(chiral.info()).replace(" ", ""),
        reduced_cell=_six(median),
        max_delta_deg=round(found.max_delta_deg, 3),
    )


def _six(values: Sequence[float]) -> Cell:
    a, b, c, alpha, beta, gamma = (round(float(value), 4) for value in values)
    return a, b, c, alpha, beta, gamma
