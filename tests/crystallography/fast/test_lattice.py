"""Bases, reduction, matching, centring: against plain recomputation."""

import numpy as np
import pytest

from libs.crystallography.fast.lattice import basis_of, cell_of, matched, reduced
from libs.crystallography.fast.sublattice import in_sublattice
from libs.simulation.symmetry import SAMPLES
from tests.crystallography.fast.simulated import known_crystal

CELLS = [sample.unit_cell for sample in SAMPLES.values()]
CENTRED = {"monoclinic_c": 2, "glucose_isomerase": 2, "insulin_rhombohedral": 3,
           "insulin_cubic": 2, "ferritin": 4, "lysozyme": 1, "triclinic": 1}  # fmt: skip
FREE = {"triclinic": 6, "myoglobin": 4, "pseudocubic": 3, "lysozyme": 2, "thermolysin": 2,
        "insulin_rhombohedral": 2, "ferritin": 1}  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_a_basis_has_the_parameters_that_it_was_made_from(cell: tuple[float, ...]) -> None:
    assert np.allclose(cell_of(basis_of(cell)), cell)


@pytest.mark.parametrize("cell", CELLS)
def test_reduction_keeps_the_lattice_and_shortens_it(cell: tuple[float, ...]) -> None:
    basis = basis_of(cell)
    skewed = np.array([[1, 2, -3], [0, 1, 2], [0, 0, 1]]) @ basis
    short = reduced(skewed)
    change = short @ np.linalg.inv(basis)
    assert np.allclose(change, np.rint(change), atol=1e-9)
    assert np.linalg.det(short) == pytest.approx(np.linalg.det(basis))
    assert np.linalg.norm(short, axis=1).sum() <= np.linalg.norm(basis, axis=1).sum() + 1e-9


@pytest.mark.parametrize(("name", "n_points"), CENTRED.items())
def test_the_primitive_cell_holds_one_lattice_point(name: str, n_points: int) -> None:
    crystal = known_crystal(name)
    volume = np.sqrt(np.linalg.det(crystal.metric))
    assert np.linalg.det(crystal.primitive_basis) == pytest.approx(volume / n_points)


@pytest.mark.parametrize(("name", "n_free"), FREE.items())
def test_symmetry_leaves_the_right_number_of_cell_parameters(name: str, n_free: int) -> None:
    assert len(known_crystal(name).metric_directions) == n_free


def test_axes_of_nearly_equal_length_are_told_apart() -> None:
    crystal = known_crystal("pseudocubic")
    basis = crystal.primitive_basis
    permuted = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]) @ basis
    back, distance = matched(permuted, basis @ basis.T)
    assert np.allclose(cell_of(back), cell_of(basis))
    assert distance < 1e-9


def test_indices_of_a_doubled_axis_are_noticed() -> None:
    miller = np.random.default_rng(1).integers(-9, 10, (200, 3))
    assert not in_sublattice(miller)
    assert in_sublattice(miller * [1, 1, 2])
    assert in_sublattice(miller * [3, 1, 1])
