"""Unknown cells: proposals for lattices of every system, and the cells of simulated frames."""

import json
from pathlib import Path

import numpy as np
import pytest

from libs.crystallography.cells import Cell, CellProposal
from libs.diffraction.debian_gaps import prepare
from libs.simulation import RunRequest, RunTruth, simulate_run
from libs.simulation.settings import BeamlineSettings
from tests.diffraction.conftest import QUICK_PHIL
from tests.diffraction.test_process_command import process

pytestmark = pytest.mark.system
NOISE = 0.002
FORMS: dict[str, tuple[Cell, str]] = {
    "aP": ((40, 52, 63, 99, 95, 95), "P1"),
    "mP": ((60, 70, 95, 90, 102, 90), "P2"),
    "mC": ((108, 62, 71, 90, 98, 90), "C2"),
    "oP": ((54, 58, 67, 90, 90, 90), "P212121"),
    "tP": ((79.1, 79.1, 38, 90, 90, 90), "P43212"),
    "tI": ((97, 97, 250, 90, 90, 90), "I4"),
    "hP": ((92.6, 92.6, 128.8, 90, 90, 120), "P6122"),
    "hR": ((80, 80, 200, 90, 90, 120), "R3:H"),
    "cI": ((78, 78, 78, 90, 90, 90), "I23"),
    "cF": ((150, 150, 150, 90, 90, 90), "F23"),
}


def found_in(cells: list[Cell]) -> tuple[CellProposal, ...]:
    prepare()
    from libs.diffraction.cell_finding import propose_cells

    return propose_cells(cells)


def lattices(form: str, n: int, seed: int = 0) -> list[Cell]:
    """Primitive cells as indexing in P1 gives them, 0.2 % off in the edges."""
    prepare()
    from cctbx import crystal

    cell, group = FORMS[form]
    symmetry = crystal.symmetry(unit_cell=cell, space_group_symbol=group)
    primitive = np.array(symmetry.niggli_cell().unit_cell().parameters())
    noise = np.random.default_rng(seed).normal(0.0, NOISE, (n, 6)) * [1, 1, 1, 0.3, 0.3, 0.3]
    return [tuple(row) for row in (primitive * (1.0 + noise)).tolist()]


@pytest.mark.parametrize("form", FORMS)
def test_the_lattice_of_each_form_is_found(form: str) -> None:
    (found,) = found_in(lattices(form, 10))
    assert (found.bravais, found.n_lattices, found.n_of) == (form, 10, 10)
    assert found.unit_cell == pytest.approx(FORMS[form][0], rel=0.003)
    assert max(found.spread[:3]) < 3 * NOISE * max(found.unit_cell)


def test_a_mixture_gives_both_forms_with_their_counts() -> None:
    cells = lattices("tP", 7) + lattices("mP", 4) + lattices("aP", 1)
    proposals = found_in(cells)
    assert [(p.bravais, p.n_lattices, p.n_of) for p in proposals] == [("tP", 7, 12), ("mP", 4, 12)]


def test_the_order_of_lattices_does_not_matter() -> None:
    cells = lattices("oP", 6) + lattices("hP", 5)
    assert [p.unit_cell for p in found_in(cells[::-1])] == [p.unit_cell for p in found_in(cells)]


def test_without_lattices_there_is_no_proposal() -> None:
    assert found_in([]) == ()


def simulated(folder: Path, sample: str, scenario: str, frames: int) -> tuple[RunTruth, Path]:
    beamline = BeamlineSettings(sample=sample)
    request = RunRequest(out=folder, scenario=scenario, frames=frames, seed=3, beamline=beamline)
    truth = simulate_run(request)
    return truth, folder / truth.run / "shot_00001.h5"


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "unknown.phil"
    path.write_text(QUICK_PHIL)
    return path


def test_the_cell_of_simulated_frames_is_found(tmp_path: Path, recipe: Path) -> None:
    truth, file = simulated(tmp_path, "lysozyme", "steady", 6)
    done = process(file, "--recipe", recipe, "--find-cell", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    (found,) = answer["cells"]
    assert (found["bravais"], answer["n_frames"]) == ("tP", 6)
    assert found["n_lattices"] >= 2
    assert found["unit_cell"] == pytest.approx(truth.unit_cell, rel=0.005)
    assert "indexing.known_symmetry.unit_cell = 79" in found["phil"]


def test_blanks_give_no_cell_and_it_is_said(tmp_path: Path, recipe: Path) -> None:
    _, file = simulated(tmp_path, "lysozyme", "steady", 3)
    done = process(file, "--recipe", recipe, "--find-cell")
    assert done.returncode == 0, done.stderr
    assert "No cell: no lattice was found on any of 3 frames" in done.stdout


def test_the_fast_lane_finds_no_cells(recipe: Path) -> None:
    done = process("x.h5", "--recipe", recipe, "--find-cell", "--lane", "fast")
    assert "--find-cell needs --lane dials" in done.stderr


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_two_forms_in_one_sample_are_both_found(tmp_path: Path, recipe: Path) -> None:
    runs = [simulated(tmp_path / form, form, "steady", 16) for form in ("lysozyme", "thermolysin")]
    files = [file for _, file in runs]
    done = process(*files, "--recipe", recipe, "--find-cell", "--json")
    found = {cell["bravais"]: cell for cell in json.loads(done.stdout)["cells"]}
    for bravais, (truth, _) in zip(("tP", "hP"), runs, strict=True):
        assert found[bravais]["unit_cell"] == pytest.approx(truth.unit_cell, rel=0.005)
