"""Proposals of a unit cell: what they hold, how they are said, what a recipe knows. Pure.

Finding them in many lattices needs DIALS: libs/diffraction/cell_finding.py.
"""

import itertools
import re
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Cell = tuple[float, float, float, float, float, float]
"""a, b, c (Å), α, β, γ (degrees)."""

KNOWN_CELL = re.compile(r"\bunit_cell\s*=\s*[\"']?\s*[0-9]")


class CellProposal(msgspec.Struct, frozen=True, kw_only=True):
    """One group of similar lattices."""

    n_lattices: int
    """In this group."""
    n_of: int
    """Lattices altogether."""
    unit_cell: Cell
    """Median in the conventional setting of the highest metric symmetry, constrained to it."""
    spread: Cell
    """Standard deviations of the reduced cells' parameters (Å and degrees)."""
    bravais: str
    """For example `tP`: as far as the metric says; the space group is a guess of that."""
    space_group: str
    reduced_cell: Cell
    """Median of the Niggli cells."""
    max_delta_deg: float
    """How far the metric is from that symmetry (Le Page)."""


def phil_lines(proposal: CellProposal) -> str:
    """What a recipe needs in order to know this cell."""
    return with_known_cell("", proposal.unit_cell, proposal.space_group)


def with_known_cell(phil: str, unit_cell: Cell, space_group: str) -> str:
    """A recipe's text with a cell (Å, degrees) and a space group; later lines win in PHIL."""
    cell = " ".join(f"{value:.2f}" for value in unit_cell)
    return (
        f"{phil.rstrip()}\n" * bool(phil.strip())
        + f"indexing.known_symmetry.unit_cell = {cell}\n"
        + f"indexing.known_symmetry.space_group = {space_group.replace(' ', '')}\n"
    )


def without_known_cell(phil: str) -> str:
    """The recipe for finding cells: nothing known, and the search that needs no cell."""
    return (
        f"{phil}\n"
        "indexing.known_symmetry.unit_cell = None\n"
        "indexing.known_symmetry.space_group = None\n"
        "indexing.method = fft3d\n"
    )


def knows_cell(phil: str) -> bool:
    """Whether a recipe's text gives a cell."""
    return bool(KNOWN_CELL.search(phil))


def median_cell(reduced: Sequence[Cell]) -> Cell:
    """The median of similar Niggli cells, each in its setting nearest to that of one of them.

    Near 90° or 60° and for nearly equal edges noise decides which of several settings is the
    reduced one; a median over the mixture would be no lattice at all.
    """
    alike = alike_cells(reduced)
    a, b, c, alpha, beta, gamma = np.median(alike, axis=0).tolist()
    return a, b, c, alpha, beta, gamma


def alike_cells(reduced: Sequence[Cell]) -> FloatArray:
    """Float [n, 6]: the cells in comparable settings."""
    metrics = np.array([_metric(cell) for cell in reduced])
    volumes = np.linalg.det(metrics)
    reference = metrics[np.argsort(volumes, kind="stable")[len(volumes) // 2]]
    return np.array([_parameters(_nearest(metric, reference)) for metric in metrics])


def _metric(cell: Cell) -> FloatArray:
    edges, angles = np.array(cell[:3]), np.cos(np.radians(cell[3:]))
    cosines = np.array(
        [[1.0, angles[2], angles[1]], [angles[2], 1.0, angles[0]], [angles[1], angles[0], 1.0]]
    )
    metric: FloatArray = np.outer(edges, edges) * cosines
    return metric


def _parameters(metric: FloatArray) -> FloatArray:
    edges = np.sqrt(np.diag(metric))
    cosines = metric / np.outer(edges, edges)
    angles = np.degrees(np.arccos([cosines[1, 2], cosines[0, 2], cosines[0, 1]]))
    return np.concatenate([edges, angles])


def _nearest(metric: FloatArray, reference: FloatArray) -> FloatArray:
    """Of all settings by small changes of basis the one most like the reference."""
    settings = np.einsum("nji,jk,nkl->nil", CHANGES_OF_BASIS, metric, CHANGES_OF_BASIS)
    distances = np.abs(settings - reference).sum(axis=(1, 2))
    nearest: FloatArray = settings[int(np.argmin(distances))]
    return nearest


def _changes_of_basis() -> FloatArray:
    """All integer matrices of determinant 1 with entries −1, 0, 1."""
    entries = np.array(list(itertools.product((-1, 0, 1), repeat=9)), float).reshape(-1, 3, 3)
    proper: FloatArray = entries[np.abs(np.linalg.det(entries) - 1.0) < 0.5]
    return proper


CHANGES_OF_BASIS = _changes_of_basis()
