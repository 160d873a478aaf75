"""A crash between any two steps leaves the same statistics, whatever was counted together."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages import FrameResult, FramesProcessed, JobId, Lane, RatesUpdated
from libs.streams.fakes import FakeSink, record_of
from services.stats_aggregator.service import Aggregator
from services.stats_aggregator.store import Reach
from tests.crystallography.rates.builders import JOB, batch, result
from tests.crystallography.rates.strategies import ATTEMPTED
from tests.stats_aggregator.builders import MemoryStore, job

NOW_US = 1_780_000_100_000_000
HOUR_US = 3_600_000_000
OTHER_JOB = JobId(f"{JOB}x")
STEPS = st.lists(
    st.sampled_from(["count", "count", "count 5", "save", "sleep", "die", "die while saving"])
)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from([JOB, OTHER_JOB]), st.sampled_from([Lane.DIALS, Lane.FAST]), ATTEMPTED
    ),
    max_size=25,
)


class Life:
    """A process, its successors, and the topic that they read."""

    def __init__(self, messages: list[FramesProcessed]) -> None:
        self.records = [record_of(m, offset=i) for i, m in enumerate(messages)]
        self.store, self.now_us, self.position = MemoryStore(), NOW_US, 0

    async def start(self) -> None:
        """A new process; what is not in the checkpoint is delivered again."""
        self.aggregator = Aggregator(
            sink=FakeSink(), store=self.store, now_us=lambda: self.now_us, condense_after_us=1
        )
        await self.aggregator.learn([record_of(job()), record_of(job(job=OTHER_JOB))])
        await self.aggregator.hold(frozenset({0}))
        self.position = self.aggregator.aggregation.partitions[0].next_offset

    async def step(self, what: str) -> None:
        match what:
            case "count":
                await self._count(1)
            case "count 5":
                await self._count(5)
            case "save":
                await self.aggregator.checkpoint()
            case "sleep":
                await self._sleep()
            case "die":
                await self.start()
            case "die while saving":
                self.aggregator.aggregation.partitions[0].checkpoint(self.now_us)
                await self.start()

    async def _count(self, n: int) -> None:
        await self.aggregator.count(*self.records[self.position : self.position + n])
        self.position += n

    async def _sleep(self) -> None:
        """Every job leaves memory that may."""
        await self.aggregator.publish()
        await self.aggregator.checkpoint()
        self.now_us += HOUR_US
        await self.aggregator.publish()
        assert not self.aggregator.aggregation.partitions[0].statistics

    async def outcome(self) -> list[tuple[object, ...]]:
        """The rates of every job, from a process that has them all in memory."""
        await self.aggregator.learn([record_of(job(job=j, attempt=2)) for j in (JOB, OTHER_JOB)])
        await self.aggregator.publish()
        core = self.aggregator.aggregation
        every = {j: core.statistics_of(j) for j in (JOB, OTHER_JOB)}
        return [(j, s.summary(), s.live_windows(), s.newest_ts_us()) for j, s in every.items() if s]


async def lived(messages: list[FramesProcessed], steps: list[str]) -> list[tuple[object, ...]]:
    life = Life(messages)
    await life.start()
    for step in [*steps, "die", *(["count 5"] * len(messages))]:
        await life.step(step)
    return await life.outcome()


@given(MESSAGES, STEPS)
@settings(max_examples=150, deadline=None)
def test_any_crash_leaves_the_statistics_of_an_undisturbed_run(
    results: list[tuple[JobId, Lane, tuple[int, FrameResult]]], steps: list[str]
) -> None:
    messages = [batch([f], attempt, job=j, lane=lane) for j, lane, (attempt, f) in results]
    assert asyncio.run(lived(messages, steps)) == asyncio.run(lived(messages, []))


async def test_a_gap_before_the_first_record_is_read_from_the_topic() -> None:
    life = await _alive(5)
    await life.aggregator.count(life.records[4])
    (rates,) = life.aggregator.aggregation.updates(NOW_US)
    assert isinstance(rates, RatesUpdated)
    assert rates.summary.n_processed == 5


async def test_a_lost_checkpoint_is_made_good_without_waiting_for_a_record() -> None:
    life = await _alive(5, reach=Reach(acknowledged=5, end=5))
    (rates,) = life.aggregator.aggregation.updates(NOW_US)
    assert rates.summary.n_processed == 5


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning() -> None:
    life = await _alive(10)
    await life.step("count 5")
    await life.step("count 5")
    await life.step("save")
    life.store.reach = Reach(acknowledged=10, end=2)
    await life.start()
    await life.aggregator.count(record_of(batch([result(11)]), offset=0))
    (rates,) = life.aggregator.aggregation.updates(NOW_US)
    assert rates.summary.n_processed == 11


async def _alive(n_frames: int, reach: Reach | None = None) -> Life:
    life = Life([batch([result(i)]) for i in range(n_frames)])
    life.store.frames = list(life.records)
    life.store.reach = reach or life.store.reach
    await life.start()
    return life
