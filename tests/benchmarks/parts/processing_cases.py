"""The frames of the processing benchmark: real hits and blanks, and a simulated hit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from libs.diffraction.fast_lane import FastLane
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.tasks import FrameTask
from libs.messages import FrameNumber, Recipe, job_id, run_id
from libs.simulation import RunRequest, read_frame_truths, simulate_run
from libs.simulation.conditions import Kind
from tests.benchmarks.parts.blanking import without_spots

DATA = Path(__file__).parents[2] / "data"
RUN = run_id("bench", "test", "0001", 1)
GOAL_HIT, GOAL_CSPAD_BLANK, GOAL_PILATUS_BLANK = 40.0, 10.0, 5.0
SIMULATED_PHIL = """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 3
indexing.known_symmetry.unit_cell = 79.1 79.1 38 90 90 90
indexing.known_symmetry.space_group = P43212
"""
CSPAD = ("thermolysin_cspad", "idx-20130301060858401.cbf")
PILATUS_HIT = ("thaumatin_grid", "thau_3_2_0001.cbf.bz2")
PILATUS_BLANK = ("thaumatin_grid", "thau_3_2_0018.cbf.bz2")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A frame in memory, and the least ratio against stock DIALS."""

    what: str
    task: FrameTask
    frame: RawFrame
    goal: float
    made_up: bool = False
    """There is no file of it."""
    overhead_goal: bool | None = None
    """Whether the `dials` lane's overhead is judged on it; None: not measured."""


def all_cases(folder: Path, lane: FastLane) -> Iterator[Case]:
    """The simulated hit comes last; its run is written into `folder`."""
    hit = _real("CSPAD hit", CSPAD, GOAL_HIT)
    yield replace(hit, overhead_goal=True)
    blank = without_spots(hit.frame, hit.task, lane)
    yield replace(hit, what="CSPAD blank", frame=blank, goal=GOAL_CSPAD_BLANK, made_up=True)
    yield _real("Pilatus hit", PILATUS_HIT, GOAL_HIT)
    yield replace(_real("Pilatus blank", PILATUS_BLANK, GOAL_PILATUS_BLANK), overhead_goal=False)
    yield _simulated(folder)


def _real(what: str, image: tuple[str, str], goal: float) -> Case:
    folder, name = image
    phil = (DATA / folder / "process.phil").read_text()
    return _case(what, DATA / folder / name, 0, Recipe(phil=phil, d_min_angstrom=1.7), goal)


def _simulated(folder: Path) -> Case:
    truth = simulate_run(RunRequest(out=folder, scenario="steady", frames=12, seed=3))
    run = folder / truth.run
    hit = next(f for f in read_frame_truths(run) if f.kind is Kind.HIT)
    recipe = Recipe(phil=SIMULATED_PHIL, d_min_angstrom=2.0)
    return _case("simulated 1 Mpx hit", run / hit.file, hit.index_in_file, recipe, GOAL_HIT)


def _case(what: str, file: Path, index: int, recipe: Recipe, goal: float) -> Case:
    task = FrameTask(
        job=job_id(RUN, 0, 0), attempt=0, run=RUN, frame=FrameNumber(0), file=str(file),
        index_in_file=index, recipe=recipe,
    )  # fmt: skip
    frame = FrameReader().read(task.file, task.index_in_file)
    return Case(what=what, task=task, frame=frame, goal=goal)
