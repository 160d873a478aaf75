"""The fast lane against DIALS's stock stills processor: the same frames, hot, in memory, one core.

CPU time of this process, medians over repeats; imports, reading and first calls are left out.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from libs.diffraction.fast_lane import FastLane
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.quiet import quiet
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.recipe_phil import frame_params
from libs.diffraction.tasks import FrameTask
from libs.messages import FrameNumber, Recipe, job_id, run_id
from libs.simulation import RunRequest, read_frame_truths, simulate_run
from libs.simulation.conditions import Kind

DATA = Path(__file__).parents[1] / "data"
RUN = run_id("bench", "test", "0001", 1)
REPEATS_FAST = 7
REPEATS_STOCK = 2
GOAL_HIT = 40.0
SIMULATED_PHIL = """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 3
indexing.known_symmetry.unit_cell = 79.1 79.1 38 90 90 90
indexing.known_symmetry.space_group = P43212
"""
REAL = {
    "CSPAD hit": ("thermolysin_cspad", "idx-20130301060858401.cbf", GOAL_HIT),
    "Pilatus hit": ("thaumatin_grid", "thau_3_2_0001.cbf.bz2", GOAL_HIT),
    "Pilatus blank": ("thaumatin_grid", "thau_3_2_0018.cbf.bz2", 5.0),
}
STEPS = ("find", "index", "integrate")


def main() -> None:
    """Print a ratio per frame and per stage."""
    lane = FastLane()
    with tempfile.TemporaryDirectory() as folder:
        for what, task, goal in _tasks(Path(folder)):
            frame = FrameReader().read(task.file, task.index_in_file)
            ours = _median(lambda f=frame, t=task: _fast(lane, t, f), REPEATS_FAST)
            theirs = _median(lambda f=frame, t=task: _stock(lane, t, f), REPEATS_STOCK)
            _print(what, ours["all"], theirs["all"], goal)
            for step in STEPS:
                if step in ours and step in theirs:
                    _print(f"{what}: {step}", ours[step], theirs[step], 1.0)
    lane.close()


def _tasks(folder: Path) -> Iterator[tuple[str, FrameTask, float]]:
    for what, (name, image, goal) in REAL.items():
        phil = (DATA / name / "process.phil").read_text()
        yield what, _task(DATA / name / image, 0, Recipe(phil=phil, d_min_angstrom=1.7)), goal
    truth = simulate_run(RunRequest(out=folder, scenario="steady", frames=12, seed=3))
    run = folder / truth.run
    hit = next(f for f in read_frame_truths(run) if f.kind is Kind.HIT)
    recipe = Recipe(phil=SIMULATED_PHIL, d_min_angstrom=2.0)
    yield "simulated 1 Mpx hit", _task(run / hit.file, hit.index_in_file, recipe), GOAL_HIT


def _task(file: Path, index: int, recipe: Recipe) -> FrameTask:
    return FrameTask(
        job=job_id(RUN, 0, 0), attempt=0, run=RUN, frame=FrameNumber(0), file=str(file),
        index_in_file=index, recipe=recipe,
    )  # fmt: skip


def _fast(lane: FastLane, task: FrameTask, frame: RawFrame) -> dict[str, float]:
    started = time.process_time()
    result = lane.process_frame(task, frame, lane.recipe(task.recipe)).result
    total = time.process_time() - started
    steps = {step: getattr(result.timings_ms, step) for step in STEPS}
    return {"all": total} | {k: v / 1000.0 for k, v in steps.items() if v is not None}


def _stock(lane: FastLane, task: FrameTask, frame: RawFrame) -> dict[str, float]:
    from libs.diffraction.watched_processor import WatchedProcessor

    params = frame_params(lane.recipe(task.recipe).params, index=True)
    with quiet():
        started = time.process_time()
        processor = WatchedProcessor(params, lambda strong: None)
        processor.process_experiments("0", experiments_of(frame, "0"))
        total = time.process_time() - started
    return {"all": total} | {k: v for k, v in processor.seconds.items() if k in STEPS}


def _median(measure: Callable[[], dict[str, float]], repeats: int) -> dict[str, float]:
    """Of each entry, after one call that is not counted."""
    measure()
    runs = [measure() for _ in range(repeats)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _print(what: str, ours_s: float, theirs_s: float, goal: float) -> None:
    line = {"what": what, "unit": "frames/s", "ours": 1.0 / ours_s, "theirs": 1.0 / theirs_s,
            "peer": "dials.stills_process.Processor", "goal": goal}  # fmt: skip
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
