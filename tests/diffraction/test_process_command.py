"""`stillstream process` on real files with real DIALS, as a program of its own."""

import json
import os
import signal
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


CSPAD = DATA / "thermolysin_cspad"


def test_both_lanes_and_their_agreement() -> None:
    image = CSPAD / "idx-20130301060858401.cbf"
    done = process(image, "--recipe", CSPAD / "process.phil", "--lane", "both", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["frame"], line["lane"]) for line in lines] == [(0, "fast"), (0, "dials")]
    assert lines[0]["n_strong"] == lines[1]["n_strong"] == 176
    assert lines[0]["recipe"] != lines[1]["recipe"]
    agreement = json.loads(done.stderr.splitlines()[-1])["agreement"]
    assert agreement["n_indexed_by_both"] == agreement["agreement"]["denominator"] == 1
    assert abs(agreement["cell_percent"]["median"]) < 0.2


def test_what_the_fast_lane_cannot_do_is_named_and_done_by_dials(tmp_path: Path) -> None:
    recipe = tmp_path / "unknown_cell.phil"
    recipe.write_text("spotfinder.threshold.dispersion.gain = 25\n")
    done = process(CSPAD / "idx-20130301060858401.cbf", "--recipe", recipe, "--lane", "fast",
                   "--timeout-cpu", "0.1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lane"] == "dials"
    assert "indexing.known_symmetry.unit_cell (not given)" in done.stderr


def test_without_two_lanes_there_is_nothing_to_compare(tmp_path: Path) -> None:
    recipe = tmp_path / "empty.phil"
    recipe.touch()
    done = process("a.cbf", "--recipe", recipe, "--lane", "both")
    assert done.returncode != 0
    assert "there are no two lanes to compare" in done.stderr


def test_an_interrupted_command_ends_at_once_without_a_word_too_many(
    simulated: SimulatedRun, tmp_path: Path
) -> None:
    recipe = tmp_path / "quick.phil"
    recipe.write_text(simulated.recipe.phil)
    files = [str(simulated.folder / "shot_00001.h5")] * 20
    command = [sys.executable, "-m", "libs.command_line", "process", *files, "--workers", "1"]
    started = subprocess.Popen(
        [*command, "--recipe", str(recipe), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        start_new_session=True,
    )  # fmt: skip
    assert started.stdout is not None
    assert json.loads(started.stdout.readline())["frame"] == 0
    os.killpg(started.pid, signal.SIGINT)
    rest, errors = started.communicate(timeout=60)
    assert started.returncode == 1
    assert errors.split() == ["Aborted!"]
    assert len(rest.splitlines()) < 20 * 12 - 1
