"""The set of simulated frames: every crystal form, clean and spoiled, all kinds of frames, seeded.

Real NXmx files, read by the lanes as any others. A wrong-cell frame is a good hit whose recipe
names another crystal's cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from libs.diffraction import FrameTask
from libs.messages import FrameNumber, Recipe, job_id, run_id
from libs.simulation import (
    BeamlineSettings,
    FrameTruth,
    Kind,
    Plan,
    RunRequest,
    read_frame_truths,
    simulate_run,
    spoiled,
)
from libs.simulation.symmetry import SAMPLES, find_sample

RUN = run_id("validation", "simulated", "0001", 1)
D_MIN_ANGSTROM = 2.0
FORMS = tuple(name for name in SAMPLES if name != "photosystem")  # needs a longer detector distance
KINDS = (
    *(Kind.HIT,) * 8,
    *(Kind.TWO,) * 4,
    *(Kind.WEAK,) * 3,
    *(Kind.JET, Kind.JUNK, Kind.NOJET),
    Kind.THREE,
)
N_WRONG_CELL = 3
FRAMES_PER_GROUP = len(KINDS) + N_WRONG_CELL
WRONG_CELL_OF = dict(zip(FORMS, (*FORMS[1:], FORMS[0]), strict=True)) | {
    "triclinic": "lysozyme",
    "insulin_cubic": "thermolysin",
}
"""The cell that the recipe of a wrong-cell frame names instead."""
PHIL = """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 3
indexing.known_symmetry.unit_cell = {cell}
indexing.known_symmetry.space_group = {space_group}
indexing.stills.ewald_proximal_volume_max = 0.01
indexing.multiple_lattice_search.max_lattices = {max_lattices}
prediction.d_min = {d_min}
"""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Frames of one crystal form under the same conditions."""

    sample: str
    spoiled: bool
    kinds: tuple[Kind, ...] = KINDS
    n_wrong_cell: int = N_WRONG_CELL

    @property
    def settings(self) -> BeamlineSettings:
        return spoiled(self.sample) if self.spoiled else BeamlineSettings(sample=self.sample)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One frame, what is true of it, and how it is to be processed."""

    group: Group
    truth: FrameTruth
    task: FrameTask
    wrong_cell: bool


def all_groups() -> list[Group]:
    """500 frames and a few: twelve forms, each clean and spoiled."""
    return [Group(sample=name, spoiled=bad) for name in FORMS for bad in (False, True)]


def recipe_of(sample: str, max_lattices: int = 3) -> Recipe:
    known = find_sample(sample)
    phil = PHIL.format(
        cell=" ".join(map(str, known.unit_cell)),
        space_group=known.space_group,
        max_lattices=max_lattices,
        d_min=D_MIN_ANGSTROM,
    )
    return Recipe(phil=phil, d_min_angstrom=D_MIN_ANGSTROM)


def make_cases(folder: Path, group: Group, seed: int, max_lattices: int = 3) -> Iterator[Case]:
    """Write a group's frames into a new run of `folder`; the wrong-cell frames come last."""
    kinds = (*group.kinds, *(Kind.HIT,) * group.n_wrong_cell)
    request = RunRequest(
        out=folder,
        scenario=Plan(kinds=kinds),
        frames=len(kinds),
        seed=seed,
        beamline=group.settings,
    )
    run = folder / simulate_run(request).run
    for truth in read_frame_truths(run):
        wrong = truth.frame >= len(group.kinds)
        named = WRONG_CELL_OF[group.sample] if wrong else group.sample
        task = task_of(run / truth.file, truth.index_in_file, recipe_of(named, max_lattices))
        yield Case(group=group, truth=truth, task=task, wrong_cell=wrong)


def task_of(file: Path, index_in_file: int, recipe: Recipe) -> FrameTask:
    return FrameTask(
        job=job_id(RUN, 0, 0),
        attempt=0,
        run=RUN,
        frame=FrameNumber(index_in_file),
        file=str(file),
        index_in_file=index_in_file,
        recipe=recipe,
    )
