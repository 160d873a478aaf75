"""A worker of the fast lane lives for days: its memory must not grow from frame to frame."""

import os
from pathlib import Path

import pytest

from libs.diffraction.fast_lane import FastLane
from libs.diffraction.heap import keep_freed_memory
from libs.messages import Outcome, Recipe
from libs.simulation import RunRequest, read_frame_truths, simulate_run
from tests.diffraction.conftest import TaskMaker

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(3000)]
N_FRAMES, N_SETTLING = 5_000, 500
MOST_GROWTH_MB = 4.0
PHIL = """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 3
indexing.multiple_lattice_search.max_lattices = 2
indexing.known_symmetry.unit_cell = 79.1 79.1 38 90 90 90
indexing.known_symmetry.space_group = P43212
"""


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_memory_is_flat_over_5000_frames(task: TaskMaker, tmp_path: Path) -> None:
    keep_freed_memory()  # as every worker does
    truth = simulate_run(RunRequest(out=tmp_path, scenario="mixed", frames=24, seed=3))
    run = tmp_path / truth.run
    recipe = Recipe(phil=PHIL, d_min_angstrom=2.0)
    tasks = [
        task(run / frame.file, recipe, index_in_file=frame.index_in_file)
        for frame in read_frame_truths(run)
    ]
    lane, settled, n_indexed = FastLane(), 0.0, 0
    for number in range(N_FRAMES):
        result = lane.process(tasks[number % len(tasks)]).result
        assert result.outcome is Outcome.PROCESSED
        n_indexed += bool(result.lattices)
        if number == N_SETTLING:
            settled = resident_mb()
    growth_mb = resident_mb() - settled
    lane.close()
    print(f"{n_indexed} of {N_FRAMES} frames indexed, memory grew by {growth_mb:.2f} MB")
    assert n_indexed > N_FRAMES // 10
    assert growth_mb < MOST_GROWTH_MB
