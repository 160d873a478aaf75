"""Reduced lattices: the same for every setting, smooth in the cell, as cctbx reduces them."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.crystallography.reduction import reduced_angles_deg, shortest_base, voronoi_vectors
from tests.crystallography.test_cells import other_setting

CELLS = [
    (78.0, 78.0, 37.0, 90.0, 90.0, 90.0),
    (60.0, 70.0, 95.0, 90.0, 105.0, 90.0),
    (92.0, 92.0, 130.0, 90.0, 90.0, 120.0),
    (50.0, 50.0, 50.0, 109.47, 109.47, 109.47),
    (60.0, 60.0, 60.0, 60.0, 60.0, 60.0),
    (41.0, 52.0, 63.0, 81.0, 77.0, 102.0),
]
MOVES = st.lists(
    st.tuples(st.permutations([0, 1, 2]), st.sampled_from([-1, 0, 1])), min_size=1, max_size=4
)


def lengths(cell: tuple[float, ...]) -> np.ndarray:
    return np.linalg.norm(voronoi_vectors(np.array([cell]))[0], axis=1)


@pytest.mark.parametrize("cell", CELLS)
@given(moves=MOVES)
@settings(max_examples=20, deadline=None)
def test_every_setting_of_a_lattice_has_the_same_lengths(
    cell: tuple[float, ...], moves: list[tuple[list[int], int]]
) -> None:
    axes = np.eye(3, dtype=int)
    for order, times in moves:
        axes = axes[list(order)]
        axes[0] += times * axes[1]
    assert lengths(other_setting(cell, axes.tolist())) == pytest.approx(lengths(cell), abs=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_lengths_change_no_more_than_the_cell(cell: tuple[float, ...]) -> None:
    noise = np.random.default_rng(4)
    near = np.array(cell) + noise.normal(0.0, 0.01, (200, 6))
    found = np.linalg.norm(voronoi_vectors(near), axis=2)
    assert np.abs(found - lengths(cell)).max() < 0.2


@pytest.mark.parametrize("cell", [*CELLS, (55.0, 61.0, 47.0, 64.0, 71.0, 83.0)])
def test_the_shortest_axes_are_those_of_cctbx(cell: tuple[float, ...]) -> None:
    os.environ.setdefault("LIBTBX_BUILD", "/usr/lib/cctbx/python3.11")
    uctbx = pytest.importorskip("cctbx.uctbx")
    vectors = voronoi_vectors(np.array([cell]))[0]
    base = vectors[list(shortest_base(vectors))]
    expected = uctbx.unit_cell(cell).niggli_cell().parameters()
    assert np.linalg.norm(base, axis=1) == pytest.approx(expected[:3], abs=1e-3)
    volume = abs(np.linalg.det(base))
    assert volume == pytest.approx(uctbx.unit_cell(cell).volume(), rel=1e-6)


def test_angles_are_all_acute_or_none_is() -> None:
    cells = np.array([CELLS[5], CELLS[1], (55.0, 61.0, 47.0, 64.0, 71.0, 83.0)])
    for vectors in voronoi_vectors(cells):
        angles = reduced_angles_deg(vectors[list(shortest_base(vectors))])
        assert all(a < 90 for a in angles) or all(a >= 90 for a in angles)


def test_no_lattices() -> None:
    assert voronoi_vectors(np.zeros((0, 6))).shape == (0, 7, 3)
