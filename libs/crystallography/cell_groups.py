"""Which cell the lattices of a job have in common, while no cell is known. Pure.

A first answer for the screen, out of the columns that the statistics hold: a bounded number of the
newest indexed frames, so that order, repetition and a restart make no difference. Lattices are
compared reduced, so that the choice of axes does not matter. Symmetry, and lattices indexed with a
multiple of the cell, come from libs/diffraction/cell_finding.py.
"""

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates import JobStatistics, Rows
from libs.crystallography.rates.classes import INDEXED
from libs.crystallography.reduction import reduced_angles_deg, shortest_base, voronoi_vectors
from libs.messages import CellGroup

NEWEST = 300
SAME_EDGE = 0.015
LEAST_LATTICES = 2
MOST_GROUPS = 3
FloatArray = npt.NDArray[np.float64]


def cell_groups(statistics: JobStatistics) -> tuple[CellGroup, ...]:
    """The largest groups of lattices whose reduced lengths agree within 1.5 %."""
    order = statistics.columns.order()
    indexed = order[(statistics.bits[order] & INDEXED) > 0][-NEWEST:]
    return grouped(_cells(statistics.columns.rows[indexed]))


def grouped(cells: FloatArray) -> tuple[CellGroup, ...]:
    """Of float [n, 6] cells (Å, degrees): around the lattice with most neighbours."""
    found: list[CellGroup] = []
    rest = voronoi_vectors(cells)
    while len(rest) >= LEAST_LATTICES and len(found) < MOST_GROUPS:
        alike = _alike(np.log(np.linalg.norm(rest, axis=2)).astype(np.float32))
        middle = int(np.argmax(alike.sum(axis=1)))
        group = alike[middle]
        if group.sum() < LEAST_LATTICES:
            break
        found.append(_group(rest[group], rest[middle], len(cells)))
        rest = rest[~group]
    return tuple(found)


def _alike(logarithms: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Bool [n, n] of lengths [n, 7]; one column at a time, which stays in the cache."""
    alike = np.ones((len(logarithms), len(logarithms)), np.bool_)
    for column in logarithms.T:
        alike &= np.abs(column[:, np.newaxis] - column) < np.float32(np.log1p(SAME_EDGE))
    return alike


def _group(members: FloatArray, middle: FloatArray, n_of: int) -> CellGroup:
    base = list(shortest_base(middle))
    a, b, c = np.median(np.linalg.norm(members[:, base], axis=2), axis=0).round(2).tolist()
    alpha, beta, gamma = (round(angle, 1) for angle in reduced_angles_deg(middle[base]))
    return CellGroup(
        n_lattices=len(members),
        n_of=n_of,
        edges_angstrom=(a, b, c),
        angles_deg=(alpha, beta, gamma),
    )


def _cells(rows: Rows) -> FloatArray:
    """The cells of the first lattices, without those that are not known whole."""
    edges, beta, angles = rows["cell"][:, :3], rows["cell"][:, 3], rows["angles"]
    cells = np.column_stack([edges, angles[:, 0], beta, angles[:, 1]]).astype(np.float64)
    with np.errstate(invalid="ignore"):
        known = (cells > 0.0).all(axis=1) & (cells[:, 3:] < 180.0).all(axis=1)
    whole: FloatArray = cells[known]
    return whole
