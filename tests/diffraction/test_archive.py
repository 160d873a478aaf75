"""Archived chunks are DIALS files: loadable, complete, overwritten by a redelivery."""

import json
from pathlib import Path

import pytest

from libs.diffraction import ArchiveTask
from libs.diffraction.archive import write_archive
from libs.diffraction.dials_lane import DialsLane
from libs.messages import FrameNumber
from tests.diffraction.conftest import SimulatedRun, TaskMaker

pytestmark = pytest.mark.system
NAME = "chunk_000001_attempt_0"


@pytest.fixture
def archive(
    lane: DialsLane, simulated: SimulatedRun, task: TaskMaker, tmp_path: Path
) -> ArchiveTask:
    wanted = [t for t in simulated.frames if t.kind.value in ("hit", "two", "junk", "jet")][:5]
    replies = [
        lane.process(
            task(
                simulated.folder / truth.file,
                simulated.recipe,
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
        recipe=simulated.recipe,
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


def test_the_recipe_lies_beside(archive: ArchiveTask) -> None:
    write_archive(archive)
    text = (Path(archive.folder) / f"{NAME}_recipe.json").read_text()
    content = json.loads(text)
    assert content["recipe"]["phil"] == archive.recipe.phil
    assert content["recipe_hash"] == archive.recipe.hash
    assert content["versions"] == {"dials": "3"}
    assert content["frames"] == [part.frame for part in archive.parts]
