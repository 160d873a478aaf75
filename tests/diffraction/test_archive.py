"""Archived chunks are DIALS files: loadable, complete, overwritten by a redelivery."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from libs.diffraction import ArchiveTask
from libs.diffraction.archive import write_archive
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from libs.messages import FrameNumber, Lane
from tests.diffraction.conftest import QUICK_PHIL, SimulatedRun, TaskMaker

pytestmark = pytest.mark.system
NAME = "chunk_000001_attempt_0"
SHOW = """
import sys
sys.path.insert(0, ".")
from libs.diffraction.debian_gaps import prepare
prepare()
from dials.command_line.show import run
run(sys.argv[1:])
"""


@pytest.fixture(params=["dials", "fast"])
def archive(
    request: pytest.FixtureRequest,
    lane: DialsLane,
    simulated: SimulatedRun,
    task: TaskMaker,
    tmp_path: Path,
) -> ArchiveTask:
    wanted = [t for t in simulated.frames if t.kind.value in ("hit", "two", "junk", "jet")][:5]
    recipe = msgspec.structs.replace(simulated.recipe, lane=Lane(request.param))
    used = lane if request.param == "dials" else FastLane()
    replies = [
        used.process(
            task(
                simulated.folder / truth.file,
                recipe,
                frame=FrameNumber(truth.frame),
                index_in_file=truth.index_in_file,
                keep_parts=True,
            )
        )
        for truth in wanted
    ]
    return ArchiveTask(
        folder=str(tmp_path / "a" / "b"),
        name=NAME,
        job=task("x", simulated.recipe).job,
        attempt=0,
        recipe=recipe,
        files=(str(simulated.folder / "shot_00001.h5"),),
        versions={"dials": "3"},
        parts=tuple(reply.part for reply in replies if reply.part is not None),
    )


def test_a_chunk_is_readable_by_dials(archive: ArchiveTask) -> None:
    from dials.array_family import flex
    from dxtbx.model import ExperimentList

    write_archive(archive)
    write_archive(archive)
    folder = Path(archive.folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{NAME}_integrated.expt",
        f"{NAME}_integrated.refl",
        f"{NAME}_recipe.json",
        f"{NAME}_recipe.phil",
        f"{NAME}_strong.expt",
        f"{NAME}_strong.refl",
    ]
    experiments = ExperimentList.from_file(folder / f"{NAME}_integrated.expt")
    reflections = flex.reflection_table.from_file(str(folder / f"{NAME}_integrated.refl"))
    n_lattices = len({experiment.identifier for experiment in experiments})
    assert n_lattices == len(experiments) >= 3
    assert set(reflections["id"]) == set(range(n_lattices))
    reflections.assert_experiment_identifiers_are_consistent(experiments)
    assert experiments[0].imageset.get_raw_data(0)[0].all() == (738, 714)
    strong = flex.reflection_table.from_file(str(folder / f"{NAME}_strong.refl"))
    assert len(set(strong["id"])) == len(archive.parts)
    assert (reflections["intensity.sum.variance"] > 0).count(True) > 0.9 * len(reflections)


def test_a_program_of_dials_shows_it(archive: ArchiveTask) -> None:
    write_archive(archive)
    for kind, word in (("integrated", "miller_index"), ("strong", "xyzobs.px.value")):
        files = [f"{archive.folder}/{NAME}_{kind}.{suffix}" for suffix in ("expt", "refl")]
        done = subprocess.run(
            [sys.executable, "-c", SHOW, *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert word in done.stdout
        assert ("Unit cell" in done.stdout) == (kind == "integrated")


def test_the_recipe_lies_beside(archive: ArchiveTask) -> None:
    write_archive(archive)
    text = (Path(archive.folder) / f"{NAME}_recipe.json").read_text()
    content = json.loads(text)
    assert content["recipe"]["phil"] == archive.recipe.phil
    assert content["recipe_hash"] == archive.recipe.hash
    assert content["lane"] == archive.recipe.lane.value
    assert f"--recipe {NAME}_recipe.phil --lane {content['lane']}" in content["command"]
    assert (Path(archive.folder) / f"{NAME}_recipe.phil").read_text() == archive.recipe.phil
    assert content["versions"] == {"dials": "3"}
    assert content["frames"] == [part.frame for part in archive.parts]


@pytest.mark.parametrize("name", ["dials", "fast"])
def test_the_strong_spots_of_a_hit_are_kept_though_it_does_not_index(
    lane: DialsLane, simulated: SimulatedRun, task: TaskMaker, name: str
) -> None:
    wrong = "indexing.known_symmetry.unit_cell = 31 47 59 90 90 90\n"
    symmetry = "indexing.known_symmetry.space_group = P222\n"
    recipe = msgspec.structs.replace(simulated.recipe, phil=QUICK_PHIL + wrong + symmetry)
    truth = next(t for t in simulated.frames if t.kind.value == "hit")
    used = lane if name == "dials" else FastLane()
    made = task(
        simulated.folder / truth.file,
        msgspec.structs.replace(recipe, lane=Lane(name)),
        index_in_file=truth.index_in_file,
        keep_parts=True,
    )
    reply = used.process(made)
    assert reply.result.lattices == ()
    assert reply.result.n_strong >= recipe.cutoffs.hit
    assert reply.part is not None
    assert reply.part.strong
    assert not reply.part.integrated
