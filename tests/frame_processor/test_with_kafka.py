"""The service as a process of its own with real Kafka and real DIALS.

Only the real parts can show that heartbeats survive CPU work, that offsets are committed after the
results, and that a process killed in the middle loses and doubles nothing.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from libs.messages import (
    FrameNumber,
    FrameResult,
    FrameSpan,
    FramesProcessed,
    FramesToProcess,
    MessageRejected,
    Outcome,
    RunId,
    job_id,
    precedence,
    run_id,
)
from libs.messages.topics import DEAD_LETTERS, FRAMES, REFLECTIONS, WORK_LIVE
from libs.streams import KafkaSink, KafkaSource, read_whole
from tests.diffraction.conftest import SimulatedRun, simulated
from tests.streams.readable import readable

__all__ = ["simulated"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(1500)]
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def frame_processor(
    kafka: str, archive: Path, workers: int = 2
) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "STILLSTREAM_KAFKA__BOOTSTRAP": kafka,
        "STILLSTREAM_WORKERS": str(workers),
        "STILLSTREAM_ARCHIVE_FOLDER": str(archive),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.frame_processor", cwd=ROOT, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), timeout=240)


def chunks(run: RunId, simulated: SimulatedRun, folder: Path) -> list[FramesToProcess]:
    """Three chunks of four frames; and one whose file has vanished."""
    spans = [
        FrameSpan(
            file=str(simulated.folder / "shot_00001.h5"),
            first_index=first,
            first_frame=FrameNumber(first),
            count=4,
            written_us=1,
        )
        for first in (0, 4, 8)
    ]
    gone = FrameSpan(
        file=str(folder / "gone.cbf"),
        first_index=0,
        first_frame=FrameNumber(12),
        count=1,
        written_us=1,
    )
    return [
        FramesToProcess(
            job=job_id(run, 0, 0),
            attempt=0,
            chunk=number,
            run=run,
            spans=(span,),
            recipe=simulated.recipe,
            run_started_us=1,
            announced_us=2,
            dispatched_us=3,
        )
        for number, span in enumerate([*spans, gone])
    ]


async def results_of(kafka: str, run: RunId) -> dict[int, list[FrameResult]]:
    found: dict[int, list[FrameResult]] = {}
    for message in readable(await read_whole(kafka, FRAMES)):
        if isinstance(message, FramesProcessed) and message.run == run:
            for frame in message.frames:
                found.setdefault(frame.frame, []).append(frame)
    return found


async def wait_for_results(kafka: str, run: RunId, n: int) -> dict[int, list[FrameResult]]:
    deadline = time.monotonic() + 480
    while len(found := await results_of(kafka, run)) < n:
        assert time.monotonic() < deadline, f"only frames {sorted(found)} have a result"
        await asyncio.sleep(0.2)
    return found


async def waiting_work(kafka: str) -> int:
    """Records of work that the group has not committed."""
    async with KafkaSource(kafka, [WORK_LIVE], group=None) as everything:
        ends = await everything.end_offsets()
    async with KafkaSource(kafka, [WORK_LIVE], group="frame_processor") as member:
        committed = {tp: await member.committed(tp) or 0 for tp in ends}
    return sum(max(0, end - committed[tp]) for tp, end in ends.items())


async def test_a_run_with_a_kill_in_the_middle(
    kafka: str, simulated: SimulatedRun, tmp_path: Path
) -> None:
    undisturbed = run_id("common", "kafka", "0001", 1)
    killed = run_id("common", "kafka", "0002", 1)
    archive = tmp_path / "archive"
    async with KafkaSink(kafka) as sink:
        async with frame_processor(kafka, archive):
            await sink.publish(chunks(undisturbed, simulated, tmp_path))
            expected = await wait_for_results(kafka, undisturbed, 13)
        await sink.publish(chunks(killed, simulated, tmp_path))
    async with frame_processor(kafka, archive) as victim:
        await wait_for_results(kafka, killed, 2)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
    async with frame_processor(kafka, archive):
        repeated = await wait_for_results(kafka, killed, 13)
    assert sorted(expected) == sorted(repeated) == list(range(13))
    for frame, results in expected.items():
        once, again = ({precedence(0, r) for r in found} for found in (results, repeated[frame]))
        assert once == again
    assert expected[12][0].outcome is Outcome.UNREADABLE
    ours = (undisturbed.encode(), killed.encode())
    reflections = [
        r for r in await read_whole(kafka, REFLECTIONS) if (r.key or b"").startswith(ours)
    ]
    lattices = sum(len(results[0].lattices) for results in expected.values())
    assert len({(r.key, r.value) for r in reflections}) == 2 * lattices
    assert len(list(archive.glob("**/*_integrated.refl"))) == 2 * 3


async def test_a_hostile_message_costs_itself_and_all_work_is_committed(
    kafka: str, simulated: SimulatedRun, tmp_path: Path
) -> None:
    import aiokafka

    run = run_id("common", "kafka", "0003", 1)
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    await producer.send_and_wait(WORK_LIVE.name, b"\xc1 no message", b"hostile")
    await producer.stop()
    async with KafkaSink(kafka) as sink:
        await sink.publish(chunks(run, simulated, tmp_path)[3:])
    async with frame_processor(kafka, tmp_path) as process:
        await wait_for_results(kafka, run, 1)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), timeout=240) == 0
    letters = readable(await read_whole(kafka, DEAD_LETTERS))
    rejected = [r for r in letters if isinstance(r, MessageRejected)]
    bad = {(r.partition, r.offset) for r in rejected if r.value == b"\xc1 no message"}
    assert len(bad) == 1  # it may have been said twice
    assert await waiting_work(kafka) == 0
