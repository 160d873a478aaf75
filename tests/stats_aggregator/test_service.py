"""The shell without Faust: order of writes, bad messages, gauges."""

from prometheus_client import REGISTRY

from libs.messages import (
    JobState,
    MessageRejected,
    RatesUpdated,
    StagesUs,
)
from libs.messages.topics import FRAMES, RATES
from libs.streams import Record
from libs.streams.fakes import FakeSink, record_of
from services.stats_aggregator.service import Aggregator
from tests.contracts.hostile_wire import hostile_payloads
from tests.crystallography.rates.builders import JOB, RUN, START_US, batch, result
from tests.stats_aggregator.builders import MemoryStore, arrived, ended, job

NOW_US = START_US + 5_000_000


async def running() -> tuple[Aggregator, FakeSink, MemoryStore]:
    sink, store = FakeSink(), MemoryStore()
    aggregator = Aggregator(sink=sink, store=store, now_us=lambda: NOW_US)
    await aggregator.learn([record_of(job()), record_of(arrived(3)), record_of(ended(3))])
    await aggregator.hold(frozenset({0}))
    return aggregator, sink, store


async def test_only_what_changed_is_written() -> None:
    aggregator, _, store = await running()
    await aggregator.count(record_of(batch([result(1)]), offset=0))
    assert await aggregator.checkpoint() == {0: 1}
    assert await aggregator.checkpoint() == {0: 1}
    assert [len(checkpoint.segments) for checkpoint in store.saved] == [1]
    assert await aggregator.checkpoint(prove=True) == {0: 1}
    assert [len(checkpoint.segments) for checkpoint in store.saved] == [1, 0]


async def test_records_below_the_checkpoint_may_be_acknowledged() -> None:
    first, sink, store = await running()
    message = record_of(batch([result(1)]), offset=0)
    await first.count(message)
    await first.checkpoint()
    again = Aggregator(sink=sink, store=store, now_us=lambda: NOW_US)
    await again.count(message)
    assert await again.checkpoint() == {0: 1}


async def test_every_hostile_payload_becomes_a_dead_letter_and_counting_goes_on() -> None:
    aggregator, sink, _ = await running()
    payloads = list(hostile_payloads(batch([result(1)])).values())
    payloads += [_huge_frame(), _long_job()]
    for offset, payload in enumerate(payloads):
        await aggregator.count(
            Record(topic=FRAMES.name, partition=0, offset=offset, key=None, value=payload)
        )
    await aggregator.count(record_of(batch([result(1)]), offset=len(payloads)))
    await aggregator.publish()
    letters = [m for m in sink.published if isinstance(m, MessageRejected)]
    assert [m.offset for m in letters] == list(range(len(payloads)))
    (rates,) = [m for m in sink.published if isinstance(m, RatesUpdated)]
    assert rates.summary.n_processed == 1
    assert await aggregator.checkpoint() == {0: len(payloads) + 1}


async def test_hostile_runs_and_jobs_are_dead_letters_too() -> None:
    aggregator, sink, _ = await running()
    for good in (job(), arrived(1)):
        where = record_of(good)
        payloads = hostile_payloads(good).values()
        await aggregator.learn(
            [Record(topic=where.topic, partition=0, offset=0, key=b"", value=p) for p in payloads]
        )
        assert len(sink.published) == len(payloads) - 1  # a tombstone is nothing bad there
        sink.published.clear()


async def test_what_a_paused_process_sends_stands_below_what_its_successor_has_sent() -> None:
    """It began its turn, was stopped for 20 s, and knows nothing of who took over meanwhile."""
    paused, sink, store = await running()
    await paused.count(record_of(batch([result(1)]), offset=0))
    turn_began_us = NOW_US - 20_000_000
    successor = Aggregator(sink=sink, store=store, now_us=lambda: NOW_US - 5_000_000)
    await successor.learn([record_of(job()), record_of(arrived(3)), record_of(ended(3))])
    await successor.count(
        record_of(batch([result(1)]), offset=0), record_of(batch([result(2)]), offset=1)
    )
    await successor.publish()
    await paused.publish(turn_began_us)
    newest = max((m for m in sink.published if isinstance(m, RatesUpdated)), key=_revision)
    assert newest.summary.n_processed == 2


def _revision(rates: RatesUpdated) -> int:
    return rates.revision


async def test_a_deleted_job_leaves_nothing_behind() -> None:
    aggregator, sink, store = await running()
    await aggregator.count(record_of(batch([result(1)]), offset=0))
    await aggregator.publish()
    await aggregator.checkpoint()
    await aggregator.learn([record_of(job(state=JobState.DELETED))])
    await aggregator.publish()
    await aggregator.checkpoint()
    assert sink.tombstones == [(RATES.name, JOB)]
    assert store.stored == {}


async def test_gauges_show_the_current_job() -> None:
    aggregator, *_ = await running()
    before = _sample("stillstream_frame_written_to_result_seconds_count", lane="dials")
    stages = StagesUs(written=NOW_US - 3_000_000, done=NOW_US - 1_000_000)
    frames = [result(i, n_strong=99 * (i == 1), stages_us=stages) for i in range(3)]
    await aggregator.count(record_of(batch(frames), offset=0))
    await aggregator.publish()
    assert _sample("stillstream_frames", kind="processed") == 3
    assert _sample("stillstream_frames", kind="hits") == 1
    assert _sample("stillstream_rate", rate="hit", window="run", bound="value") == 1 / 3
    low = _sample("stillstream_rate", rate="hit", window="60s", bound="low")
    assert low is not None
    assert 0 < low < 1 / 3
    assert _sample("stillstream_run_info", run=RUN) == 1
    assert _sample("stillstream_rates_preliminary") == 0
    after = _sample("stillstream_frame_written_to_result_seconds_count", lane="dials")
    assert (after or 0) - (before or 0) == 3


async def test_stage_histograms_hold_every_known_duration() -> None:
    def buckets(stage: str) -> list[float | None]:
        name = "stillstream_stage_seconds_bucket"
        key = {"stage": stage, "lane": "dials"}
        counts = [_sample(name, le=le, **key) for le in ("0.5", "1.0", "2.0", "+Inf")]
        total = _sample("stillstream_stage_seconds_sum", **key)
        return [*counts, _sample("stillstream_stage_seconds_count", **key), total]

    before = buckets("taken_to_done") + buckets("announced_to_dispatched")
    aggregator, *_ = await running()
    for number, seconds in enumerate((0.5, 0.7, 1.5, 1e6, -3.0)):
        stages = StagesUs(taken=START_US, done=START_US + int(seconds * 1e6))
        frame = result(number, stages_us=stages)
        await aggregator.count(record_of(batch([frame]), offset=number))
    after = buckets("taken_to_done") + buckets("announced_to_dispatched")
    gained = [round((a or 0) - (b or 0), 3) for a, b in zip(after, before, strict=True)]
    assert gained == [2, 3, 4, 5, 5, 1_000_002.7, 0, 0, 0, 0, 0, 0]


def _sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def _huge_frame() -> bytes | None:
    return record_of(batch([result(2**62, ts_us=START_US)])).value


def _long_job() -> bytes | None:
    return record_of(batch([result(1)], job="x" * 10_000)).value
