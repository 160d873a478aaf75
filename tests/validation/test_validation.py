"""The fast lane is right: a slice of the set always, all of it with `make soak`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from libs.simulation import Kind
from tests.validation.cases import Group, all_groups, make_cases
from tests.validation.chance import chance_figures, noise_trials, wrong_cell_trials
from tests.validation.figures import ORIENTATION_DEG, Figure, figures
from tests.validation.judge import Verdict
from tests.validation.lanes import run_cases
from tests.validation.real import real_frames
from tests.validation.stock import compare, stock_figures, stock_groups

pytestmark = pytest.mark.system
SLICE = (*(Kind.HIT,) * 3, Kind.TWO, Kind.TWO, Kind.THREE, Kind.WEAK, Kind.JET, Kind.JUNK)
SEED = 11


@pytest.fixture(scope="module")
def fast() -> Iterator[FastLane]:
    made = FastLane()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dials() -> Iterator[DialsLane]:
    made = DialsLane()
    yield made
    made.close()


def missed(found: list[Figure]) -> list[str]:
    return [str(figure) for figure in found if not figure.met]


def verdicts_of(groups: list[Group], folder: Path, lane: FastLane) -> list[Verdict]:
    return [
        judged.verdict
        for number, group in enumerate(groups)
        for judged in run_cases(make_cases(folder / str(number), group, SEED), lane, lane)
    ]


@pytest.mark.parametrize("bad", [False, True], ids=["clean", "spoiled"])
@pytest.mark.parametrize("name", ["triclinic", "monoclinic_c", "pseudocubic", "thermolysin"])
def test_a_slice_of_the_set_is_right(fast: FastLane, tmp_path: Path, name: str, bad: bool) -> None:
    group = Group(sample=name, spoiled=bad, kinds=SLICE, n_wrong_cell=1)
    verdicts = verdicts_of([group], tmp_path, fast)
    assert [v for v in verdicts if (v.enough or v.empty) and not v.right] == []
    several = [v for v in verdicts if v.all_visible(Kind.TWO) or v.all_visible(Kind.THREE)]
    assert [v for v in several if not all(v.found)] == []
    assert all(error < ORIENTATION_DEG for v in verdicts if v.enough for error in v.errors_deg)


def test_noise_and_wrong_cells_do_not_index() -> None:
    trials = [*noise_trials(12, SEED), *wrong_cell_trials(12, SEED, ("lysozyme", "monoclinic_c"))]
    assert len(trials) > 20
    assert not any(trial.falsely for trial in trials)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_five_hundred_frames_are_as_the_truth_says(fast: FastLane, tmp_path: Path) -> None:
    assert missed(figures(verdicts_of(all_groups(), tmp_path, fast))) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_thousands_of_noisy_blanks_and_wrong_cells_do_not_index() -> None:
    trials = [*noise_trials(1500, SEED), *wrong_cell_trials(1500, SEED)]
    assert missed(chance_figures(trials)) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_each_form_is_right_no_less_often_than_with_stock_dials(
    fast: FastLane, dials: DialsLane, tmp_path: Path
) -> None:
    groups = stock_groups()
    found = list(compare(groups, SEED, tmp_path, tmp_path / "kept", fast, dials))
    assert missed(stock_figures(found)) == []


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_real_images_agree(fast: FastLane, dials: DialsLane, tmp_path: Path) -> None:
    for frame in real_frames(fast, dials, tmp_path):
        assert (frame.n_ours > 0) == (frame.n_theirs > 0)
        if frame.agreement is not None:
            assert frame.agreement.cell < 0.002
            assert abs(frame.agreement.shells) <= 1
            assert frame.agreement.correlation is not None
            assert frame.agreement.correlation > 0.98
