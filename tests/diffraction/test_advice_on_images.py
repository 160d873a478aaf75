"""Advice on images: simulated, written, read and processed by the fast lane, with known onset.

What only images can show is whether the thresholds, made on a statistical simulator
(tests/crystallography/advice), hold for spots, rings, indexing and resolution as they are measured.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from libs.crystallography.advice import Adviser, Cause, Episode
from libs.crystallography.rates import JobStatistics
from libs.diffraction import FrameTask
from libs.diffraction.fast_lane import FastLane
from libs.messages import FrameNumber, FrameResult, FramesProcessed, Lane, job_id
from libs.simulation import (
    QUICK_DETECTOR,
    BeamlineSettings,
    RunRequest,
    read_frame_truths,
    simulate_run,
)
from libs.simulation.scenario import Mix, Timeline
from tests.diffraction.conftest import RUN, SimulatedRun

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(3000)]
START_S, HZ = 1_795_000_000, 30
ONSET, CURE, END = 600, 1050, 1650
"""Frames: 20 s of good data, 15 s of trouble, 20 s of good data."""
GOOD = Mix(crystals_per_shot=1.0)
TROUBLES = {
    Cause.NO_JET: replace(GOOD, jet=0.0),
    Cause.NO_BEAM: replace(GOOD, beam=False),
    Cause.TOO_DENSE: replace(GOOD, crystals_per_shot=2.8),
    Cause.TOO_DILUTE: replace(GOOD, crystals_per_shot=0.05),
    Cause.DEGRADED: replace(GOOD, d_limit_angstrom=3.3, weak=0.4),
}
JOB = job_id(RUN, 1, 1)


@pytest.fixture(scope="module")
def fast_lane() -> Iterator[FastLane]:
    made = FastLane()
    yield made
    made.close()


def written(folder: Path, after: Mix) -> SimulatedRun:
    scenario = Timeline(name="t", before=GOOD, after=after, onset_frame=ONSET, cure_frame=CURE)
    truth = simulate_run(
        RunRequest(
            out=folder,
            scenario=scenario,
            frames=END,
            seed=5,
            start_us=START_S * 1_000_000,
            beamline=BeamlineSettings(detector=QUICK_DETECTOR),
        )
    )
    run = folder / truth.run
    return SimulatedRun(folder=run, truth=truth, frames=list(read_frame_truths(run)))


def processed(lane: FastLane, run: SimulatedRun) -> list[FrameResult]:
    return [
        lane.process(
            FrameTask(
                job=JOB,
                attempt=1,
                run=RUN,
                frame=FrameNumber(truth.frame),
                file=str(run.folder / truth.file),
                index_in_file=truth.index_in_file,
                recipe=run.recipe,
            )
        ).result
        for truth in run.frames
    ]


def episodes(results: Sequence[FrameResult], run: SimulatedRun) -> tuple[Episode, ...]:
    statistics, adviser = JobStatistics(), Adviser()
    message = FramesProcessed(
        job=JOB, attempt=1, run=RUN, lane=Lane.FAST, file="", frames=tuple(results),
        recipe=run.recipe.hash, worker="",
    )  # fmt: skip
    statistics.upsert(message)
    adviser.update(statistics)
    return adviser.episodes


def frame_of(event_us: int | None) -> int:
    """The frame at a moment of event time."""
    return END if event_us is None else round((event_us / 1e6 - START_S) * HZ)


@pytest.mark.parametrize("cause", TROUBLES)
def test_advice_comes_within_300_frames_of_the_onset_and_goes_when_cured(
    cause: Cause, fast_lane: FastLane, tmp_path: Path
) -> None:
    run = written(tmp_path, TROUBLES[cause])
    began = time.process_time()
    results = processed(fast_lane, run)
    seconds = time.process_time() - began
    found = episodes(results, run)
    told = [(e.cause.value, frame_of(e.raised_us), frame_of(e.cleared_us)) for e in found]
    print(f"{cause.value}: {told}; {len(results) / seconds:.0f} frames/s")
    assert [name for name, _, _ in told] == [cause.value]
    _, raised, cleared = told[0]
    assert ONSET < raised <= ONSET + 300
    assert CURE < cleared < END
