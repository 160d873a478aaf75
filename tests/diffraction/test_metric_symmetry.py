"""The symmetry of lattices whose cells scatter: no higher than the scatter allows, and no lower."""

import numpy as np
import pytest

from libs.crystallography.cells import Cell, CellProposal
from libs.diffraction.debian_gaps import prepare
from libs.simulation.symmetry import SAMPLES, find_sample

pytestmark = pytest.mark.system
BRAVAIS = {
    "lysozyme": "tP",
    "thermolysin": "hP",
    "triclinic": "aP",
    "myoglobin": "mP",
    "monoclinic_c": "mC",
    "pseudocubic": "oP",
    "glucose_isomerase": "oI",
    "thaumatin": "tP",
    "insulin_rhombohedral": "hR",
    "insulin_cubic": "cI",
    "ferritin": "cF",
    "small_molecule": "oP",
}


def found(sample: str, n: int, noise: float, seed: int = 1) -> CellProposal:
    """The largest proposal for `n` lattices whose basis vectors are `noise` off in all directions.

    A basis that is 0.2 % off has angles that are 0.16° off.
    """
    prepare()
    from cctbx import crystal

    from libs.diffraction.cell_finding import propose_cells

    form = find_sample(sample)
    symmetry = crystal.symmetry(unit_cell=form.unit_cell, space_group_symbol=form.space_group)
    cell = symmetry.primitive_setting().unit_cell()
    basis = np.array(cell.orthogonalization_matrix()).reshape(3, 3).T
    rng = np.random.default_rng(seed)
    return propose_cells([_noisy(basis, noise, rng) for _ in range(n)])[0]


def _noisy(basis: np.ndarray, noise: float, rng: np.random.Generator) -> Cell:
    lengths = np.linalg.norm(basis, axis=1)
    moved = basis + rng.normal(0.0, noise, (3, 3)) * lengths[:, np.newaxis]
    metric = moved @ moved.T
    a, b, c = np.sqrt(np.diag(metric)).tolist()
    cosines = (metric[1, 2] / (b * c), metric[0, 2] / (a * c), metric[0, 1] / (a * b))
    alpha, beta, gamma = np.degrees(np.arccos(cosines)).tolist()
    return a, b, c, alpha, beta, gamma


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_form_has_its_own_lattice(sample: str) -> None:
    proposal, form = found(sample, 10, 0.0005), find_sample(sample)
    from cctbx import crystal

    assert proposal.bravais == BRAVAIS[sample]
    ours, true = (
        crystal.symmetry(unit_cell=cell, space_group_symbol=group).niggli_cell().unit_cell()
        for cell, group in (
            (proposal.unit_cell, proposal.space_group),
            (form.unit_cell, form.space_group),
        )
    )
    assert ours.parameters() == pytest.approx(true.parameters(), rel=0.002)


@pytest.mark.parametrize("n", [15, 60])
def test_edges_that_differ_by_more_than_they_scatter_are_not_made_equal(n: int) -> None:
    """78, 79 and 80 Å: Le Page's angle of a tetragonal lattice would be 0.7°."""
    proposal = found("pseudocubic", n, 0.0015)
    assert proposal.bravais == "oP"
    assert proposal.unit_cell == pytest.approx(find_sample("pseudocubic").unit_cell, rel=0.004)


@pytest.mark.parametrize("sample", ["lysozyme", "insulin_rhombohedral", "insulin_cubic"])
@pytest.mark.parametrize("n", [3, 10, 60])
def test_equal_edges_that_scatter_are_equal(sample: str, n: int) -> None:
    assert found(sample, n, 0.003).bravais == BRAVAIS[sample]


def test_a_monoclinic_cell_is_in_its_best_setting() -> None:
    a, b, c, _, beta, _ = found("monoclinic_c", 10, 0.0005).unit_cell
    assert 90.0 <= beta < 120.0
    assert sorted([a, b, c]) == pytest.approx([55.0, 80.0, 112.4], rel=0.005)


def test_one_lattice_is_enough_for_a_proposal() -> None:
    assert found("lysozyme", 1, 0.001).bravais == "tP"
