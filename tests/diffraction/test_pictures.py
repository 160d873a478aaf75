"""Radial profile and spot distances of simulated frames show what was simulated."""

import numpy as np
import pytest
from numpy.typing import NDArray

from libs.crystallography import two_theta_deg
from libs.crystallography.profiles import DISTANCE_STEP_PER_ANGSTROM, TWO_THETA_STEP_DEG
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.tasks import FramePictures
from tests.diffraction.conftest import SimulatedRun, TaskMaker

pytestmark = pytest.mark.system
WATER_RING_ANGSTROM = 3.29


def pictures_of(
    kind: str, lane: DialsLane, simulated: SimulatedRun, task: TaskMaker
) -> FramePictures:
    truth = next(t for t in simulated.frames if t.kind.value == kind)
    work = task(
        simulated.folder / truth.file,
        simulated.recipe,
        index_in_file=truth.index_in_file,
        index=False,
    )
    pictures = lane.process(work).pictures
    assert pictures is not None
    return pictures


def test_the_jet_shows_its_water_ring(
    lane: DialsLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    pictures = pictures_of("jet", lane, simulated, task)
    profile: NDArray[np.float32] = np.frombuffer(pictures.radial_mean, "<f4")
    beyond = int(10.0 / TWO_THETA_STEP_DEG)
    ring = (beyond + int(np.nanargmax(profile[beyond:]))) * TWO_THETA_STEP_DEG
    wanted = two_theta_deg(WATER_RING_ANGSTROM, simulated.truth.wavelength_angstrom)
    assert ring == pytest.approx(wanted, abs=1.0)
    assert not np.frombuffer(pictures.spot_distances, "<u4").any()


def test_spots_of_a_crystal_are_no_nearer_than_its_longest_axis_allows(
    lane: DialsLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    pictures = pictures_of("hit", lane, simulated, task)
    counts = np.frombuffer(pictures.spot_distances, "<u4")
    shortest = 1.0 / max(simulated.truth.unit_cell[:3])
    below = int(0.8 * shortest / DISTANCE_STEP_PER_ANGSTROM)
    near = counts[below : int(1.2 * shortest / DISTANCE_STEP_PER_ANGSTROM)].sum()
    assert near > 10
    assert counts[:below].sum() < 0.1 * near
