"""The loop, turn by turn, with sources and a sink in memory and frames that answer on request."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from libs.messages import (
    FramesProcessed,
    FramesToProcess,
    JobState,
    Lane,
    Message,
    MessageRejected,
    Outcome,
    ReflectionsIntegrated,
    job_id,
)
from libs.messages.topics import (
    JOBS,
    WORK_BATCH,
    WORK_LIVE,
    WORK_LIVE_DIALS,
    WORK_REFERENCE,
    Topic,
)
from libs.streams import DeadLetters, Record
from libs.streams.fakes import FakeSink, FakeSource, record_of
from services.frame_processor.core import Origin
from services.frame_processor.ranked_threads import RankedThreads
from services.frame_processor.service import FrameProcessor, Inputs
from services.frame_processor.workshop import Workshop
from tests.frame_processor.examples import JOB, RECIPE, RUN, FakeFrames, changed, chunk, span

TP = (WORK_LIVE.name, 0)


class Bench:
    """A frame processor with everything around it in memory."""

    def __init__(self, frames: FakeFrames, stack: ExitStack, folder: Path | None) -> None:
        self.frames, self.slow, self.sampled = frames, FakeFrames(), FakeFrames()
        self.sink, self.jobs = FakeSink(), FakeSource()
        self.live, self.dials, self.batch, self.reference = (FakeSource() for _ in range(4))
        workshop = Workshop(
            frames=frames,
            threads=stack.enter_context(RankedThreads(2, "fast")),
            sink=self.sink,
            origin=Origin(worker="host/1", versions={}),
            archive_folder=folder,
        )
        slow = stack.enter_context(RankedThreads(2, "slow"))
        patient = stack.enter_context(RankedThreads(1, "reference"))
        self.service = FrameProcessor(
            Inputs(
                jobs=self.jobs,
                work={
                    WORK_LIVE: self.live,
                    WORK_LIVE_DIALS: self.dials,
                    WORK_BATCH: self.batch,
                    WORK_REFERENCE: self.reference,
                },
            ),
            {
                "fast": workshop,
                "slow": replace(workshop, frames=self.slow, threads=slow),
                "reference": replace(
                    workshop, frames=self.sampled, threads=patient, is_reference=True
                ),
            },
            DeadLetters("frame_processor", self.sink),
        )

    def work(self, *chunks: FramesToProcess) -> None:
        """Live work of the fast lane."""
        self.live.feed([record_of(c, offset=i) for i, c in enumerate(chunks)])

    def more(self, source: FakeSource, topic: Topic, *chunks: FramesToProcess) -> None:
        """Work of another topic."""
        source.feed([record_of(c, offset=i, topic=topic) for i, c in enumerate(chunks)])

    def published(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.sink.published if isinstance(message, kind)]

    def frames_published(self) -> list[int]:
        batches = self.published(FramesProcessed)
        return [f.frame for batch in batches for f in batch.frames]  # type: ignore[attr-defined]

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 240
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            await self.service.step()


@asynccontextmanager
async def bench(
    frames: FakeFrames | None = None, folder: Path | None = None
) -> AsyncIterator[Bench]:
    with ExitStack() as stack:
        made = Bench(frames or FakeFrames(), stack, folder)
        yield made
        for held in (made.frames, made.slow, made.sampled):
            held.go.set()
        await made.service.close()


async def test_every_frame_is_published_then_the_offset_committed() -> None:
    async with bench() as it:
        it.work(chunk(0), chunk(1))
        await it.until(lambda: it.live.committed.get(TP) == 2)
        assert sorted(it.frames_published()) == [0, 1, 2, 10, 11, 12]


async def test_nothing_is_committed_before_the_last_frame_is_durable() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(chunk(0))
        await it.until(lambda: len(it.frames.asked) == 2)
        for _ in range(3):
            await it.service.step()
        assert it.live.committed == {}
        it.frames.go.set()
        await it.until(lambda: it.live.committed.get(TP) == 1)


async def test_no_more_work_is_taken_than_the_workers_can_do() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(*[chunk(number) for number in range(9)])
        await it.until(lambda: len(it.frames.asked) == 2)
        for _ in range(5):
            await it.service.step()
        assert len(await it.live.poll()) == 9 - 3


async def test_batch_work_waits_until_no_live_work_does() -> None:
    async with bench() as it:
        it.work(chunk(0), chunk(1), chunk(2))
        it.more(it.batch, WORK_BATCH, chunk(5))
        await it.until(lambda: it.batch.committed != {})
        assert len(it.frames.asked) == 9
        assert {task.frame for task in it.slow.asked} == {50, 51, 52}
        assert it.batch.committed == {(WORK_BATCH.name, 0): 1}


async def test_no_batch_work_is_begun_while_all_fast_workers_are_busy() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(chunk(0))
        it.more(it.batch, WORK_BATCH, chunk(5))
        await it.until(lambda: len(it.frames.asked) == 2)
        for _ in range(5):
            await it.service.step()
        assert it.slow.asked == []
        it.frames.go.set()
        await it.until(lambda: it.batch.committed == {(WORK_BATCH.name, 0): 1})


async def test_fast_frames_wait_for_no_slow_one() -> None:
    async with bench() as it:
        it.slow.go.clear()
        it.more(it.dials, WORK_LIVE_DIALS, chunk(5, recipe=RECIPE), chunk(6, recipe=RECIPE))
        await it.until(lambda: len(it.slow.asked) == 2)
        it.work(chunk(0), chunk(1))
        await it.until(lambda: it.live.committed.get(TP) == 2)
        assert sorted(it.frames_published()) == [0, 1, 2, 10, 11, 12]
        assert it.dials.committed == {}
        it.slow.go.set()
        await it.until(lambda: it.dials.committed == {(WORK_LIVE_DIALS.name, 0): 2})


async def test_slow_frames_go_on_while_fast_ones_never_end() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(*[chunk(number) for number in range(9)])
        it.more(it.dials, WORK_LIVE_DIALS, chunk(50, recipe=RECIPE))
        await it.until(lambda: len(it.frames.asked) == 2)
        await it.until(lambda: it.dials.committed == {(WORK_LIVE_DIALS.name, 0): 1})
        assert it.live.committed == {}


async def test_live_work_overtakes_batch_work_that_waits_for_a_worker() -> None:
    async with bench() as it:
        it.slow.go.clear()
        it.more(it.batch, WORK_BATCH, chunk(1, spans=(span(10, 9),)))
        await it.until(lambda: len(it.slow.asked) == 2)
        it.more(it.dials, WORK_LIVE_DIALS, chunk(5, recipe=RECIPE))
        await it.service.step()
        it.slow.go.set()
        await it.until(lambda: it.batch.committed != {} and it.dials.committed != {})
        assert {task.frame for task in it.slow.asked[2:5]} == {50, 51, 52}


async def test_slow_frames_on_the_fast_topic_are_done_by_slow_workers() -> None:
    """An older dispatcher, or work that waited while the software was changed."""
    async with bench() as it:
        it.slow.go.clear()
        it.work(chunk(0, recipe=RECIPE), chunk(1), *[chunk(n, recipe=RECIPE) for n in range(2, 9)])
        await it.until(lambda: len(it.frames.asked) == 3)
        for _ in range(5):
            await it.service.step()
        assert it.live.committed == {}
        assert len(await it.live.poll()) >= 5
        it.slow.go.set()
        await it.until(lambda: it.live.committed.get(TP, 0) >= 2)


async def test_work_of_a_stopped_job_is_skipped_and_committed() -> None:
    async with bench() as it:
        it.jobs.feed([record_of(changed(JobState.STOPPED))])
        it.work(chunk(0))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        assert it.frames.asked == []
        assert it.sink.published == []


async def test_a_tombstone_deletes_a_job() -> None:
    async with bench() as it:
        gone = Record(topic=JOBS.name, partition=0, offset=0, key=JOB.encode(), value=None)
        it.jobs.feed([gone])
        it.work(chunk(0))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        assert it.frames.asked == []


async def test_a_job_stopped_meanwhile_loses_the_frames_not_yet_begun() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(chunk(0, spans=(span(0, 50),)))
        await it.until(lambda: len(it.frames.asked) == 2)
        it.jobs.feed([record_of(changed(JobState.STOPPED))])
        await it.service.step()
        it.frames.go.set()
        await it.until(lambda: it.live.committed.get(TP) == 1)
        assert len(it.frames.asked) == 2


async def test_bytes_that_are_no_message_become_a_dead_letter() -> None:
    async with bench() as it:
        bad = record_of(chunk(0))
        it.live.feed(
            [
                Record(topic=bad.topic, partition=0, offset=0, key=b"k", value=b"\xc1nonsense"),
                record_of(chunk(1), offset=1),
            ]
        )
        await it.until(lambda: it.live.committed.get(TP) == 2)
        (letter,) = it.published(MessageRejected)
        assert letter.value == b"\xc1nonsense"  # type: ignore[attr-defined]
        assert sorted(it.frames_published()) == [10, 11, 12]


async def test_impossible_work_becomes_a_dead_letter() -> None:
    async with bench() as it:
        it.work(chunk(0, time_zone="Moon/Base"), chunk(1))
        await it.until(lambda: it.live.committed.get(TP) == 2)
        assert len(it.published(MessageRejected)) == 1


async def test_a_recipe_that_cannot_be_used_becomes_a_dead_letter() -> None:
    async with bench(FakeFrames(bad_recipe=True)) as it:
        it.work(chunk(0))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        (letter,) = it.published(MessageRejected)
        assert "foo (line 1)" in letter.reason  # type: ignore[attr-defined]


async def test_a_bad_message_on_the_jobs_topic_costs_itself_only() -> None:
    async with bench() as it:
        it.jobs.feed([Record(topic=JOBS.name, partition=0, offset=0, key=b"k", value=b"?")])
        it.work(chunk(0))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        assert len(it.published(MessageRejected)) == 1


async def test_frames_that_are_not_selected_are_screened() -> None:
    async with bench() as it:
        it.work(chunk(0, index_fraction=0.0))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        (batches) = it.published(FramesProcessed)
        outcomes = {f.outcome for b in batches for f in b.frames}  # type: ignore[attr-defined]
        assert outcomes == {Outcome.SCREENED}


async def test_the_archive_is_written_once_per_chunk(tmp_path: Path) -> None:
    async with bench(folder=tmp_path) as it:
        it.work(chunk(3))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        (task,) = it.frames.archived
        assert task.folder == str(tmp_path / JOB)
        assert [part.frame for part in task.parts] == [30, 31, 32]


async def test_a_redelivery_while_it_is_in_flight_is_not_done_twice() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(chunk(0))
        await it.until(lambda: len(it.frames.asked) == 2)
        await it.service.partitions_assigned(WORK_LIVE.name, frozenset({TP}))
        it.work(chunk(0))
        it.frames.go.set()
        await it.until(lambda: it.live.committed.get(TP) == 1)
        assert sorted(it.frames_published()) == [0, 1, 2]


async def test_work_of_a_partition_that_went_away_is_given_up() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.work(chunk(0))
        await it.until(lambda: len(it.frames.asked) == 2)
        await it.service.partitions_assigned(WORK_LIVE.name, frozenset())
        it.frames.go.set()
        for _ in range(3):
            await it.service.step()
        assert it.live.committed == {}


async def test_a_rebalance_of_the_slow_topic_leaves_the_fast_one_alone() -> None:
    async with bench(FakeFrames(held=True)) as it:
        it.slow.go.clear()
        it.work(chunk(0))
        it.more(it.dials, WORK_LIVE_DIALS, chunk(5, recipe=RECIPE, spans=(span(50, 9),)))
        await it.until(lambda: len(it.frames.asked) == len(it.slow.asked) == 2)
        await it.service.partitions_assigned(WORK_LIVE_DIALS.name, frozenset())
        await it.service.step()
        it.slow.go.set()
        it.frames.go.set()
        await it.until(lambda: it.live.committed.get(TP) == 1)
        assert sorted(it.frames_published()) == [0, 1, 2]
        assert it.dials.committed == {}
        assert len(it.slow.asked) == 2


async def test_a_slow_job_stopped_meanwhile_leaves_the_fast_one_alone() -> None:
    async with bench() as it:
        it.slow.go.clear()
        it.more(it.dials, WORK_LIVE_DIALS, chunk(5, recipe=RECIPE, spans=(span(50, 9),)))
        await it.until(lambda: len(it.slow.asked) == 2)
        it.jobs.feed([record_of(changed(JobState.STOPPED))])
        it.work(chunk(0, job=job_id(RUN, 1, 0)))
        await it.until(lambda: it.live.committed.get(TP) == 1)
        it.slow.go.set()
        await it.until(lambda: it.dials.committed == {(WORK_LIVE_DIALS.name, 0): 1})
        assert len(it.slow.asked) == 2
        assert {0, 1, 2} <= set(it.frames_published())


async def test_the_reference_sample_waits_for_nobody_and_nobody_for_it() -> None:
    async with bench() as it:
        it.sampled.go.clear()
        it.reference.feed([record_of(chunk(7, recipe=RECIPE), topic=WORK_REFERENCE)])
        await it.until(lambda: len(it.sampled.asked) == 1)
        it.work(chunk(0), chunk(1))
        await it.until(lambda: it.live.committed.get(TP) == 2)
        assert it.reference.committed == {}
        it.sampled.go.set()
        await it.until(lambda: it.reference.committed == {(WORK_REFERENCE.name, 0): 1})
        assert {task.frame for task in it.sampled.asked} == {70, 71, 72}
        assert {70, 71, 72} <= set(it.frames_published())


async def test_results_say_their_lane_and_reference_results_bring_no_reflections() -> None:
    async with bench(FakeFrames(reflections=True)) as it:
        it.sampled.reflections = True
        it.work(chunk(0))
        it.reference.feed([record_of(chunk(0, recipe=RECIPE), topic=WORK_REFERENCE)])
        await it.until(lambda: it.live.committed != {} and it.reference.committed != {})
        lanes = {batch.lane for batch in it.published(FramesProcessed)}  # type: ignore[attr-defined]
        assert lanes == {Lane.FAST, Lane.DIALS}
        assert len(it.published(ReflectionsIntegrated)) == 3
