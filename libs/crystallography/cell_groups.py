"""Which edges the lattices of a job have in common, while no cell is known. Pure.

A first answer for the screen, out of the columns that the statistics hold: a bounded number of the
newest indexed frames, so that order, repetition and a restart make no difference. Symmetry and the
angles come from libs/diffraction/cell_finding.py.
"""

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates import JobStatistics
from libs.crystallography.rates.classes import INDEXED
from libs.messages import CellGroup

NEWEST = 300
SAME_EDGE = 0.015
LEAST_LATTICES = 2
MOST_GROUPS = 3
FloatArray = npt.NDArray[np.float64]


def cell_groups(statistics: JobStatistics) -> tuple[CellGroup, ...]:
    """The largest groups of lattices whose three edges agree within 1.5 %."""
    order = statistics.columns.order()
    indexed = order[(statistics.bits[order] & INDEXED) > 0][-NEWEST:]
    edges = np.sort(statistics.columns.rows["cell"][indexed, :3].astype(np.float64), axis=1)
    return grouped(edges[(edges > 0.0).all(axis=1)])


def grouped(edges: FloatArray) -> tuple[CellGroup, ...]:
    """Float [n, 3], sorted along the second axis (Å): around the lattice with most neighbours."""
    found: list[CellGroup] = []
    rest = edges
    while len(rest) >= LEAST_LATTICES and len(found) < MOST_GROUPS:
        ratios = np.abs(np.log(rest[:, np.newaxis]) - np.log(rest[np.newaxis]))
        alike = (ratios < np.log1p(SAME_EDGE)).all(axis=2)
        group = alike[int(np.argmax(alike.sum(axis=1)))]
        if group.sum() < LEAST_LATTICES:
            break
        a, b, c = np.median(rest[group], axis=0).round(2).tolist()
        found.append(
            CellGroup(n_lattices=int(group.sum()), n_of=len(edges), edges_angstrom=(a, b, c))
        )
        rest = rest[~group]
    return tuple(found)
