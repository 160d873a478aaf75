"""Memory stays flat while runs pass: a million frames through the real service."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from libs.messages import FramesProcessed, JobId, RunId, job_id, run_id
from libs.messages.topics import FRAMES
from libs.streams import KafkaSink
from tests.benchmarks.parts.example_frames import example_messages
from tests.crystallography.rates.builders import result
from tests.stats_aggregator.builders import facts_of, job
from tests.stats_aggregator.process import AggregatorProcess, all_rates, until, until_final

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(1800)]
N_RUNS, N_FRAMES = 20, 50_000
ASLEEP = "stillstream_jobs_condensed_total"


@pytest.fixture(scope="module")
def broker(stack: object) -> Iterator[str]:
    """A broker of our own: these tests count every record of its topics."""
    made = stack(services=[], infrastructure=["kafka"])  # type: ignore[operator]
    yield made.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    made.down()


def run_of(number: int) -> tuple[RunId, JobId]:
    run = run_id("common", "beam", f"m{number}", 1)
    return run, job_id(run, 1, 1)


async def publish_run(broker: str, number: int, template: list[FramesProcessed]) -> JobId:
    run, its_job = run_of(number)
    async with KafkaSink(broker) as sink:
        await sink.publish([job(job=its_job, run=run), *facts_of(run, N_FRAMES)])
        await sink.publish(msgspec.structs.replace(m, job=its_job, run=run) for m in template)
    return its_job


async def test_twenty_runs_of_50_000_frames_take_no_more_memory_than_two(
    broker: str, tmp_path: Path
) -> None:
    template, memory_mb = example_messages(N_FRAMES), []
    with AggregatorProcess(broker, tmp_path, checkpoint_s=1.0, condense_after_s=1.0) as process:
        for number in range(N_RUNS):
            its_job = await publish_run(broker, number, template)
            rates = (await until_final(broker, [its_job]))[its_job]
            assert rates.summary.n_processed == N_FRAMES

            async def is_asleep(n: int = number + 1) -> bool:
                return (process.metric(ASLEEP) or 0) >= n

            await until(is_asleep, f"{number + 1} jobs that left memory")
            memory_mb.append(process.rss_mb)
        print("MB after each run:", [round(mb) for mb in memory_mb])
        early, late = memory_mb[1:10], memory_mb[10:]  # what is being fetched makes peaks of 20 MB
        assert min(late) < 1.05 * min(early)
        assert max(late) < 1.15 * max(early)
        await a_late_frame_counts(broker, run_of(0))
        process.kill()
        process.start()
        await a_late_frame_counts(broker, run_of(1))
        print("MB after a restart:", round(process.rss_mb))
        assert process.rss_mb < 1.5 * max(early)  # it has just read the whole topic


async def a_late_frame_counts(broker: str, which: tuple[RunId, JobId]) -> None:
    run, its_job = which
    late = example_messages(1)[0]
    late = msgspec.structs.replace(late, job=its_job, run=run, frames=(result(N_FRAMES + 7),))
    async with KafkaSink(broker) as sink:
        await sink.publish([late], topic=FRAMES)

    async def is_counted() -> bool:
        return (await all_rates(broker, its_job))[-1].summary.n_processed == N_FRAMES + 1

    await until(is_counted, "a late frame of a job that had left memory")
