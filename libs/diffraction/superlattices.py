"""Lattices that are a multiple of another one: what a search without a cell finds at times.

Of six simulated lysozyme hits `fft3d` gives a doubled cell on two, with every other point of its
reciprocal lattice empty. Where other frames give the smaller cell, it is the same crystal.
Imports cctbx: for worker processes.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from libs.crystallography.cells import Cell, FloatArray, alike_cells

LARGEST_MULTIPLE = 4
SAME_VOLUME, SAME_EDGE, SAME_ANGLE_DEG = 0.04, 0.02, 1.5
SIX = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
"""The order of a metrical matrix's numbers in cctbx."""


def is_superlattice(large: Cell, small: Cell) -> bool:
    """Whether `large` is a lattice of two to four cells `small`; both reduced, primitive."""
    from cctbx import crystal, uctbx

    cells = uctbx.unit_cell(large), uctbx.unit_cell(small)
    ratio = cells[0].volume() / cells[1].volume()
    times = round(ratio)
    if not 2 <= times <= LARGEST_MULTIPLE or abs(ratio / times - 1.0) > SAME_VOLUME:
        return False
    for metric in _multiples(_metric(small), times):
        multiple = uctbx.unit_cell(metrical_matrix=[metric[i, j] for i, j in SIX])
        reduced = crystal.symmetry(unit_cell=multiple, space_group_symbol="P1").niggli_cell()
        if _same(reduced.unit_cell().parameters(), large):
            return True
    return False


def _metric(cell: Cell) -> FloatArray:
    from cctbx import uctbx

    matrix = np.zeros((3, 3))
    for (i, j), value in zip(SIX, uctbx.unit_cell(cell).metrical_matrix(), strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


def counted(medians: Sequence[Cell], sizes: Sequence[int], *, least: int) -> list[int]:
    """Sizes of groups after each superlattice of a group of at least `least` joined that group."""
    counts = list(sizes)
    volumes = [abs(np.linalg.det(_metric(cell))) for cell in medians]
    for large in sorted(range(len(medians)), key=lambda i: -volumes[i]):
        homes = [
            small
            for small in range(len(medians))
            if sizes[small] >= least and is_superlattice(medians[large], medians[small])
        ]
        if homes:
            home = max(homes, key=lambda small: sizes[small])
            counts[home], counts[large] = counts[home] + counts[large], 0
    return counts


def _multiples(metric: FloatArray, times: int) -> Iterator[FloatArray]:
    """Metrics of all lattices of `times` cells: one for each Hermite normal form."""
    for a, b in itertools.product(range(1, times + 1), repeat=2):
        if times % (a * b) == 0:
            c = times // (a * b)
            for x, y, z in itertools.product(range(a), range(a), range(b)):
                basis = np.array([[a, x, y], [0, b, z], [0, 0, c]], float)
                yield basis.T @ metric @ basis


def _same(one: Cell, other: Cell) -> bool:
    first, second = alike_cells([one, other])
    edges = np.abs(first[:3] / second[:3] - 1.0).max()
    return bool(edges < SAME_EDGE and np.abs(first[3:] - second[3:]).max() < SAME_ANGLE_DEG)
