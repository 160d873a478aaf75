"""The fast lane indexes with the cell that lattices in P1 speak for, in its proposed setting."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from libs.crystallography.cells import with_known_cell
from libs.diffraction.fast_lane import FastLane
from libs.messages import Recipe
from libs.simulation import (
    QUICK_DETECTOR,
    BeamlineSettings,
    Kind,
    Plan,
    RunRequest,
    read_frame_truths,
    simulate_run,
)
from tests.diffraction.conftest import QUICK_PHIL, TaskMaker
from tests.diffraction.test_metric_symmetry import found

pytestmark = pytest.mark.system
N_HITS = 6


@pytest.mark.parametrize("sample", ["monoclinic_c", "pseudocubic", "insulin_rhombohedral"])
def test_the_fast_lane_takes_a_proposal_over(sample: str, task: TaskMaker, tmp_path: Path) -> None:
    """C2 is proposed as I2, P212121 with nearly equal edges as P222, R3 as its metric has it."""
    beamline = BeamlineSettings(detector=QUICK_DETECTOR, sample=sample)
    plan = Plan(kinds=(Kind.HIT,))
    truth = simulate_run(
        RunRequest(out=tmp_path, scenario=plan, frames=N_HITS, seed=5, beamline=beamline)
    )
    proposal = found(sample, 8, 0.0015)
    phil = with_known_cell(QUICK_PHIL, proposal.unit_cell, proposal.space_group)
    recipe = Recipe(phil=phil, d_min_angstrom=2.0)
    n_right = 0
    with closing(FastLane()) as lane:
        for frame in read_frame_truths(tmp_path / truth.run):
            file = tmp_path / truth.run / frame.file
            result = lane.process(task(file, recipe, index_in_file=frame.index_in_file)).result
            n_right += len(result.lattices) == 1 and _same_volume(
                result.lattices[0].a_matrix, frame.lattices[0].a_matrix
            )
    assert n_right >= N_HITS - 1


def _same_volume(found_matrix: tuple[float, ...], true_matrix: tuple[float, ...]) -> bool:
    """The settings differ, so that only what does not depend on them is compared."""
    volumes = [abs(np.linalg.det(np.reshape(m, (3, 3)))) for m in (found_matrix, true_matrix)]
    return bool(volumes[0] == pytest.approx(volumes[1], rel=0.01))
