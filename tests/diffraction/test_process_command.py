"""`stillstream process` on real files with real DIALS, as a program of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.diffraction.conftest import DATA, SimulatedRun

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
FIELDS = {
    "job", "attempt", "run", "frame", "file", "index_in_file", "ts_us", "ts_source", "lane",
    "outcome", "reason", "n_strong", "indexing_tried", "solvent_ratio", "solvent_ratio_cctbx",
    "ring_low", "ring_high", "wavelength_angstrom", "d_min_contiguous", "d_min_cctbx", "lattices",
    "timings_ms", "stages_us", "recipe", "worker", "versions",
}  # fmt: skip


def process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "libs.command_line", "process", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=240,
    )


def test_one_json_object_per_frame_bad_ones_too(simulated: SimulatedRun, tmp_path: Path) -> None:
    recipe = tmp_path / "quick.phil"
    recipe.write_text(simulated.recipe.phil)
    empty = tmp_path / "empty.cbf"
    empty.touch()
    done = process(simulated.folder / "shot_00001.h5", empty, "--recipe", recipe, "--json")
    assert done.returncode == 0, done.stderr
    frames = [json.loads(line) for line in done.stdout.splitlines()]
    assert [frame["frame"] for frame in frames] == list(range(13))
    assert all(set(frame) >= FIELDS for frame in frames)
    assert [frame["outcome"] for frame in frames] == ["processed"] * 12 + ["unreadable"]
    hit = next(t.frame for t in simulated.frames if t.kind.value == "hit")
    (lattice,) = frames[hit]["lattices"]
    assert len(lattice["a_matrix"]) == 9
    assert len(lattice["shells"]["mean"]) == 10
    assert frames[-1]["reason"] == "the file is empty"


def test_a_bad_recipe_ends_it_with_a_message(tmp_path: Path) -> None:
    recipe = tmp_path / "bad.phil"
    recipe.write_text("spotfinder.nonsense = 1\n")
    image = DATA / "thaumatin_grid" / "thau_3_2_0016.cbf.bz2"
    done = process(image, "--recipe", recipe)
    assert done.returncode != 0
    assert "unknown parameter spotfinder.nonsense (line 1)" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("lane", ["fast", "both"])
def test_a_lane_that_does_not_exist_yet_is_said_to_be_missing(tmp_path: Path, lane: str) -> None:
    recipe = tmp_path / "empty.phil"
    recipe.touch()
    done = process("a.cbf", "--recipe", recipe, "--lane", lane)
    assert done.returncode != 0
    assert "not available in this version" in done.stderr
