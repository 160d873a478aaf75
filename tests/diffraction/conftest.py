"""Real images, simulated runs and real DIALS, shared by the session's tests."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from libs.diffraction import FramePool, FrameTask
from libs.diffraction.debian_gaps import prepare
from libs.diffraction.dials_lane import DialsLane
from libs.messages import FrameNumber, FrameResult, Recipe, job_id, run_id
from libs.simulation import (
    QUICK_DETECTOR,
    BeamlineSettings,
    BeamSettings,
    FrameTruth,
    RunRequest,
    RunTruth,
    read_frame_truths,
    simulate_run,
)

DATA = Path(__file__).parents[1] / "data"
RUN = run_id("common", "test", "0001", 1)
JITTERY = BeamlineSettings(detector=QUICK_DETECTOR, beam=BeamSettings(wavelength_jitter=0.001))
D_MIN = {"thermolysin_cspad": 1.7, "thaumatin_grid": 2.0}
QUICK_PHIL = """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 3
indexing.stills.refine_all_candidates = False
indexing.stills.candidate_outlier_rejection = False
indexing.stills.ewald_proximal_volume_max = 0.01
indexing.multiple_lattice_search.max_lattices = 3
prediction.d_min = 2.0
"""
TaskMaker = Callable[..., FrameTask]


@pytest.fixture(scope="session", autouse=True)
def dials_can_be_imported() -> None:
    """Whichever test comes first."""
    prepare()


@dataclass(frozen=True, kw_only=True)
class SimulatedRun:
    """A finished run of twelve frames that holds every kind, and its truth."""

    folder: Path
    truth: RunTruth
    frames: list[FrameTruth]

    @property
    def recipe(self) -> Recipe:
        """The quick one, with the run's cell and symmetry."""
        cell = " ".join(str(v) for v in self.truth.unit_cell)
        symmetry = (
            f"indexing.known_symmetry.unit_cell = {cell}\n"
            f"indexing.known_symmetry.space_group = {self.truth.space_group}\n"
        )
        return Recipe(phil=QUICK_PHIL + symmetry, d_min_angstrom=2.0)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> SimulatedRun:
    out = tmp_path_factory.mktemp("simulated")
    truth = simulate_run(RunRequest(out=out, scenario="mixed", frames=12, seed=3, beamline=JITTERY))
    folder = out / truth.run
    return SimulatedRun(folder=folder, truth=truth, frames=list(read_frame_truths(folder)))


@pytest.fixture(scope="session")
def lane() -> Iterator[DialsLane]:
    made = DialsLane()
    yield made
    made.close()


@pytest.fixture
def task() -> TaskMaker:
    """Makes a frame's task; everything but file and recipe has a default."""

    def make(file: Path | str, recipe: Recipe, **choices: Any) -> FrameTask:
        defaults: dict[str, Any] = {
            "job": job_id(RUN, 0, 0),
            "attempt": 0,
            "run": RUN,
            "frame": FrameNumber(0),
            "file": str(file),
            "index_in_file": 0,
            "recipe": recipe,
        }
        return FrameTask(**{**defaults, **choices})

    return make


def real_recipe(folder: str) -> Recipe:
    phil = (DATA / folder / "process.phil").read_text()
    return Recipe(phil=phil, d_min_angstrom=D_MIN[folder])


def real_image(folder: str, image: str) -> Path:
    return next((DATA / folder).glob(f"{image}*"))


def expected_images() -> list[tuple[str, dict[str, Any]]]:
    """What stock DIALS said of the images that the project keeps."""
    expected = json.loads((DATA / "expected_dials.json").read_text())
    return [
        (folder, entry)
        for folder, entries in expected.items()
        for entry in entries
        if list((DATA / folder).glob(f"{entry['image']}*"))
    ]


@pytest.fixture(scope="session")
def real_results() -> dict[str, FrameResult]:
    """Every real image through the pool of workers, once."""
    tasks = {
        entry["image"]: FrameTask(
            job=job_id(RUN, 0, 0),
            attempt=0,
            run=RUN,
            frame=FrameNumber(0),
            file=str(real_image(folder, entry["image"])),
            index_in_file=0,
            recipe=real_recipe(folder),
        )
        for folder, entry in expected_images()
    }
    with FramePool(2) as pool, ThreadPoolExecutor(2) as threads:
        replies = threads.map(pool.process, tasks.values())
        return {image: reply.result for image, reply in zip(tasks, replies, strict=True)}
