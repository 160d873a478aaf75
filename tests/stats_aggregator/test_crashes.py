"""A crash between any two steps leaves the same statistics."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages import FrameResult, FramesProcessed, RatesUpdated
from libs.streams.fakes import FakeSink, record_of
from services.stats_aggregator.service import Aggregator
from services.stats_aggregator.store import Reach
from tests.crystallography.rates.builders import batch
from tests.crystallography.rates.strategies import ATTEMPTED
from tests.stats_aggregator.builders import MemoryStore, job

NOW_US = 1_780_000_100_000_000
STEPS = st.lists(st.sampled_from(["count", "count", "save", "die", "die while saving"]))


async def process(store: MemoryStore) -> Aggregator:
    aggregator = Aggregator(sink=FakeSink(), store=store, now_us=lambda: NOW_US)
    await aggregator.learn([record_of(job())])
    await aggregator.hold(frozenset({0}))
    return aggregator


async def outcome(aggregator: Aggregator) -> tuple[object, ...]:
    (rates,) = aggregator.aggregation.updates(NOW_US) or (None,)
    return () if rates is None else (rates.summary, rates.live, rates.newest_ts_us)


async def lived(messages: list[FramesProcessed], steps: list[str]) -> tuple[object, ...]:
    """Count the messages, dying and saving as told; what is not saved is delivered again."""
    store, position, saved = MemoryStore(), 0, 0
    aggregator = await process(store)
    for step in [*steps, "die", *(["count"] * len(messages))]:
        if step == "count" and position < len(messages):
            await aggregator.count(record_of(messages[position], offset=position))
            position += 1
        elif step == "save":
            store.save(aggregator.aggregation.partitions[0].checkpoint(NOW_US))
            saved = position
        elif step.startswith("die"):
            if step == "die while saving":
                checkpoint = aggregator.aggregation.partitions[0].checkpoint(NOW_US)
                store.save(checkpoint, with_manifest=False)
            aggregator, position = await process(store), saved
    return await outcome(aggregator)


@given(st.lists(ATTEMPTED, max_size=25), STEPS)
@settings(max_examples=150, deadline=None)
def test_any_crash_leaves_the_statistics_of_an_undisturbed_run(
    results: list[tuple[int, FrameResult]], steps: list[str]
) -> None:
    messages = [batch([frame], attempt) for attempt, frame in results]
    assert asyncio.run(lived(messages, steps)) == asyncio.run(lived(messages, []))


async def test_a_gap_before_the_first_record_is_read_from_the_topic() -> None:
    store = MemoryStore()
    messages = [batch([frame]) for frame in _frames(5)]
    store.frames = [record_of(m, offset=i) for i, m in enumerate(messages)]
    aggregator = await process(store)
    await aggregator.count(store.frames[4])
    (rates,) = aggregator.aggregation.updates(NOW_US)
    assert isinstance(rates, RatesUpdated)
    assert rates.summary.n_processed == 5


async def test_a_lost_checkpoint_is_made_good_without_waiting_for_a_record() -> None:
    store = MemoryStore()
    store.frames = [record_of(batch([f]), offset=i) for i, f in enumerate(_frames(5))]
    store.reach = Reach(acknowledged=5, end=5)
    (rates,) = (await process(store)).aggregation.updates(NOW_US)
    assert rates.summary.n_processed == 5


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning() -> None:
    store = MemoryStore()
    before = await process(store)
    for offset in range(10):
        await before.count(record_of(batch([_frames(12)[offset]]), offset=offset))
    store.save(before.aggregation.partitions[0].checkpoint(NOW_US))
    store.reach = Reach(acknowledged=10, end=2)
    after = await process(store)
    await after.count(record_of(batch([_frames(12)[11]]), offset=0))
    (rates,) = after.aggregation.updates(NOW_US)
    assert rates.summary.n_processed == 11


def _frames(n: int) -> list[FrameResult]:
    from tests.crystallography.rates.builders import result

    return [result(i) for i in range(n)]
