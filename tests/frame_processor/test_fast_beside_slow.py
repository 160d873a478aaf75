"""A fast trial beside a slow one, on the real broker with real workers.

Only the real parts can show that a fast frame waits for no slow one anywhere on its way: not in a
partition, not in the service, not for a worker that is busy. Order is compared, not seconds.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from libs.messages import (
    FrameNumber,
    FrameResult,
    FrameSpan,
    FramesProcessed,
    FramesToProcess,
    Lane,
    RunId,
    job_id,
    run_id,
)
from libs.messages.topics import FRAMES, live_work_of
from libs.streams import KafkaSink, read_whole
from tests.diffraction.conftest import SimulatedRun, simulated
from tests.frame_processor.test_with_kafka import frame_processor
from tests.streams.readable import readable

__all__ = ["simulated"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(1500)]
RUN = run_id("common", "beside", "0001", 1)
N_SLOW, N_FAST, CHUNK = 8, 8, 4
Found = dict[Lane, dict[int, FrameResult]]


def chunks(trial: int, lane: Lane, simulated: SimulatedRun, n: int) -> list[FramesToProcess]:
    """The first frames of the simulated run, as one trial's work."""
    recipe = msgspec.structs.replace(simulated.recipe, lane=lane)
    spans = [
        FrameSpan(
            file=str(simulated.folder / "shot_00001.h5"),
            first_index=first,
            first_frame=FrameNumber(first),
            count=CHUNK,
            written_us=1,
        )
        for first in range(0, n, CHUNK)
    ]
    return [
        FramesToProcess(
            job=job_id(RUN, trial, 0),
            attempt=0,
            chunk=number,
            run=RUN,
            spans=(span,),
            recipe=recipe,
            run_started_us=1,
            announced_us=2,
            dispatched_us=3,
        )
        for number, span in enumerate(spans)
    ]


async def results(kafka: str, run: RunId) -> Found:
    found: Found = {Lane.FAST: {}, Lane.DIALS: {}}
    for message in readable(await read_whole(kafka, FRAMES)):
        if isinstance(message, FramesProcessed) and message.run == run:
            found[message.lane] |= {frame.frame: frame for frame in message.frames}
    return found


async def until(kafka: str, condition: Callable[[Found], bool]) -> Found:
    deadline = time.monotonic() + 480
    while not condition(found := await results(kafka, RUN)):
        seen = {lane.value: sorted(frames) for lane, frames in found.items()}
        assert time.monotonic() < deadline, f"only these frames have a result: {seen}"
        await asyncio.sleep(0.1)
    return found


async def test_all_fast_frames_are_done_before_the_slow_ones_are(
    kafka: str, simulated: SimulatedRun, tmp_path: Path
) -> None:
    async with KafkaSink(kafka) as sink, frame_processor(kafka, tmp_path, workers=1):
        slow = chunks(1, Lane.DIALS, simulated, N_SLOW)
        await sink.publish(slow, topic=live_work_of(Lane.DIALS))
        await until(kafka, lambda found: len(found[Lane.DIALS]) >= 1)
        fast = chunks(2, Lane.FAST, simulated, N_FAST)
        await sink.publish(fast, topic=live_work_of(Lane.FAST))
        found = await until(
            kafka, lambda f: len(f[Lane.DIALS]) == N_SLOW and len(f[Lane.FAST]) == N_FAST
        )
    done = {
        lane: sorted(frame.stages_us.done or 0 for frame in frames.values())
        for lane, frames in found.items()
    }
    last_fast, last_slow = done[Lane.FAST][-1], done[Lane.DIALS][-1]
    left = sum(moment > last_fast for moment in done[Lane.DIALS])
    print(f"{left} of {N_SLOW} slow frames were still to be done after the last fast one")
    assert last_fast < last_slow
