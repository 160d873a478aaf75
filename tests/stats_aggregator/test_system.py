"""On real Kafka and real Faust: what only they can show is offsets, rebalances and kills."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiokafka
import msgspec
import numpy as np
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from libs.crystallography.rates import JobStatistics
from libs.messages import (
    CheckpointManifest,
    FrameResult,
    FramesArrived,
    FramesProcessed,
    JobChanged,
    JobId,
    MessageRejected,
    RunEnded,
    RunId,
    job_id,
    run_id,
)
from libs.messages.topics import CHECKPOINTS, DEAD_LETTERS, FRAMES, JOBS, RATES, RUNS, Topic
from libs.streams import KafkaSink, KafkaSource, decode_record, read_whole
from services.stats_aggregator.partition import held_by
from services.stats_aggregator.store import KafkaStore
from tests.contracts.hostile_wire import hostile_payloads
from tests.crystallography.rates.builders import batch, lattice, result, shells
from tests.stats_aggregator.builders import arrived, facts_of, job
from tests.stats_aggregator.process import AggregatorProcess, all_rates, until, until_final

pytestmark = pytest.mark.system
TABLE = shells([9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5])


@pytest.fixture(scope="module")
def broker(stack: object) -> Iterator[str]:
    """A broker of our own: these tests count every record of its topics."""
    made = stack(services=[], infrastructure=["kafka"])  # type: ignore[operator]
    yield made.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    made.down()


class SimulatedRun:
    """A run of n frames whose results come out of order, some of them twice or in attempts."""

    def __init__(self, number: str, n: int, seed: int) -> None:
        self.n, self._rng = n, np.random.default_rng(seed)
        self.run: RunId = run_id("common", "beam", number, 1)
        self.job: JobId = job_id(self.run, 1, 1)
        messages = [self._message(range(s, min(s + 40, n))) for s in range(0, n, 40)]
        again = [self._message(range(s, s + 40)) for s in range(0, n // 2, 400)]
        self.messages: list[FramesProcessed] = [*messages, *again]
        random.Random(seed).shuffle(self.messages)

    def facts(self) -> list[JobChanged | FramesArrived | RunEnded]:
        """What discovery and dispatcher would say of it."""
        return [job(job=self.job, run=self.run), *facts_of(self.run, self.n)]

    def expected(self) -> JobStatistics:
        """An undisturbed count."""
        statistics = JobStatistics()
        for message in self.messages:
            statistics.upsert(message)
        return statistics

    def _message(self, frames: range) -> FramesProcessed:
        return batch([self._frame(i) for i in frames], job=self.job, run=self.run)

    def _frame(self, number: int) -> FrameResult:
        indexed = bool(self._rng.random() < 0.22)
        return result(
            number,
            n_strong=int(self._rng.integers(0, 90)),
            solvent_ratio=float(self._rng.normal(1, 0.2)),
            lattices=(lattice(TABLE),) * indexed,
            d_min_contiguous=2.2 if indexed else None,
        )


async def published(broker: str, runs: Sequence[SimulatedRun]) -> None:
    async with KafkaSink(broker) as sink:
        await sink.publish([m for run in runs for m in run.facts()])
        await sink.publish([m for run in runs for m in run.messages])


async def compare(broker: str, runs: Sequence[SimulatedRun]) -> None:
    final = await until_final(broker, [run.job for run in runs])
    for run in runs:
        statistics = run.expected()
        assert final[run.job].summary == statistics.summary()
        assert final[run.job].live == statistics.live_windows()
        assert final[run.job].newest_ts_us == statistics.newest_ts_us()
        revisions = [r.revision for r in await all_rates(broker, run.job)]
        assert revisions == sorted(set(revisions))


async def test_killed_again_and_again_while_frames_flow(broker: str, tmp_path: Path) -> None:
    runs = [SimulatedRun(f"k{n}", 4000, n) for n in range(3)]
    messages = [m for run in runs for m in run.messages]
    moments = random.Random(1)
    moments.shuffle(messages)
    with AggregatorProcess(broker, tmp_path) as process:
        async with KafkaSink(broker) as sink:
            await sink.publish([m for run in runs for m in run.facts()])
            for start in range(0, len(messages), 60):
                before = await n_written(broker)
                await sink.publish(messages[start : start + 60])
                await until_written(broker, before + moments.randint(1, 9))
                process.kill()
                process.start()
        await compare(broker, runs)


async def n_written(broker: str) -> int:
    """How many records of rates and checkpoints there are."""
    async with KafkaSource(broker, [RATES, CHECKPOINTS], group=None) as source:
        return sum((await source.end_offsets()).values())


async def until_written(broker: str, n_records: int) -> None:
    """Wait until there are so many of these: a moment in the middle of the service's work."""
    async with KafkaSource(broker, [RATES, CHECKPOINTS], group=None) as source:

        async def has_written() -> bool:
            return sum((await source.end_offsets()).values()) >= n_records

        await until(has_written, f"{n_records} records of rates or checkpoints")


async def test_a_restart_goes_on_from_the_checkpoint(broker: str, tmp_path: Path) -> None:
    run = SimulatedRun("restart", 3000, 7)
    with AggregatorProcess(broker, tmp_path) as process:
        await published(broker, [run])
        await compare(broker, [run])
        assert process.stop() == 0
        n_unread = await not_acknowledged(broker)
        assert n_unread[await partition_of(broker, run.job)] == 0
        before = len(await all_rates(broker, run.job))
        process.start()
        async with KafkaSink(broker) as sink:
            await sink.publish([batch([result(2999)], attempt=2, job=run.job, run=run.run)])

        async def has_news() -> bool:
            return len(await all_rates(broker, run.job)) > before

        await until(has_news, "an update after the restart")
        taken = 'stillstream_messages_total{direction="in",service="stats_aggregator",topic="'

        async def has_read_all() -> bool:
            return process.metric(f'{taken}{FRAMES.name}"}}') == sum(n_unread.values()) + 1

        await until(has_read_all, "one new record, and those that earlier processes never read")
        last = (await all_rates(broker, run.job))[-1]
        assert (last.attempt, last.summary.n_processed) == (2, 1)


async def not_acknowledged(broker: str) -> dict[int, int]:
    """How many records of each partition of `frames` the group has yet to acknowledge."""
    reaches = await KafkaStore(broker).reaches()
    return {partition: r.end - r.acknowledged for partition, r in reaches.items()}


async def partition_of(broker: str, job: JobId) -> int:
    """Where the records of a job lie."""
    return next(r.partition for r in await read_whole(broker, FRAMES) if r.key == job.encode())


async def test_what_a_killed_process_left_unacknowledged_is_acknowledged_by_the_next(
    broker: str, tmp_path: Path
) -> None:
    run = SimulatedRun("killed", 400, 17)
    with AggregatorProcess(broker, tmp_path) as process:
        await published(broker, [run])
        await compare(broker, [run])
        process.kill()
        process.start()

        async def is_acknowledged() -> bool:
            return not any((await not_acknowledged(broker)).values())

        await until(is_acknowledged, "acknowledgement of everything")


async def test_a_process_that_wakes_after_another_took_over_does_no_harm(
    broker: str, tmp_path: Path
) -> None:
    run = SimulatedRun("paused", 1200, 23)
    half, late = len(run.messages) // 2, batch([result(5000)], job=run.job, run=run.run)
    first = AggregatorProcess(broker, tmp_path, name="first")
    with first, AggregatorProcess(broker, tmp_path, name="second"):
        async with KafkaSink(broker) as sink:
            before = await n_written(broker)
            await sink.publish(run.facts())
            await sink.publish(run.messages[:half])
            await until_written(broker, before + 3)
            first.pause()
            await sink.publish(run.messages[half:])
            await compare(broker, [run])
            first.go_on()
            run.messages.append(late)
            await sink.publish([late])
            await until_rates(broker, run, 1201)
            await compare(broker, [run])
    with AggregatorProcess(broker, tmp_path, name="third"):
        async with KafkaSink(broker) as sink:
            run.messages.append(batch([result(5001)], job=run.job, run=run.run))
            await sink.publish(run.messages[-1:])
        await until_rates(broker, run, 1202)
        await compare(broker, [run])


async def test_an_idle_job_comes_back_when_its_frames_have_expired(
    broker: str, tmp_path: Path
) -> None:
    run = SimulatedRun("idle", 2500, 29)
    with AggregatorProcess(broker, tmp_path, condense_after_s=1.0) as process:
        await published(broker, [run])
        await compare(broker, [run])

        async def is_asleep() -> bool:
            return run.job in await asleep(broker)

        await until(is_asleep, "the job to leave memory")
        assert process.stop() == 0
        await expire(broker, FRAMES)
        process.start()
        late = batch([result(5000, n_strong=80)], job=run.job, run=run.run)
        async with KafkaSink(broker) as sink:
            await sink.publish([late])
        run.messages.append(late)
        await until_rates(broker, run, 2501)
        await compare(broker, [run])
        assert "job_reloaded" in process.log
        assert "checkpoint_damaged" not in process.log


async def asleep(broker: str) -> set[JobId]:
    """Jobs that are not in memory, by the last checkpoint of each partition."""
    messages = [decode_record(r) for r in await read_whole(broker, CHECKPOINTS) if r.value]
    manifests = {m.partition: m for m in messages if isinstance(m, CheckpointManifest)}
    held = [columns for manifest in manifests.values() for columns in held_by(manifest)]
    return {columns.job for columns in held if columns.settled is not None}


async def expire(broker: str, topic: Topic) -> None:
    """Delete all records of a topic, as its retention does after a while."""
    async with KafkaSource(broker, [topic], group=None) as source:
        ends = await source.end_offsets()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.delete_records(
            {
                aiokafka.TopicPartition(*where): RecordsToDelete(before_offset=end)
                for where, end in ends.items()
            }
        )
    finally:
        await admin.close()
    assert await read_whole(broker, topic) == []


async def test_lost_checkpoints_cost_time_and_no_frames(broker: str, tmp_path: Path) -> None:
    run = SimulatedRun("lost", 1200, 11)
    with AggregatorProcess(broker, tmp_path) as process:
        await published(broker, [run])
        await compare(broker, [run])
        assert process.stop() == 0
        async with KafkaSink(broker) as sink:
            for record in await read_whole(broker, CHECKPOINTS):
                await sink.tombstone(CHECKPOINTS, (record.key or b"").decode())
        before = await n_written(broker)
        process.start()

        await until_written(broker, before + 2)
        assert "acknowledged_beyond_checkpoint" in process.log
        async with KafkaSink(broker) as sink:
            await sink.publish([batch([result(5000)], job=run.job, run=run.run)])
        run.messages.append(batch([result(5000)], job=run.job, run=run.run))
        await until_rates(broker, run, 1201)
        await compare(broker, [run])


async def until_rates(broker: str, run: SimulatedRun, n_processed: int) -> None:
    """Wait until so many frames of a run are counted."""

    async def are_counted() -> bool:
        return (await all_rates(broker, run.job))[-1].summary.n_processed == n_processed

    await until(are_counted, f"{n_processed} frames")


async def test_hostile_payloads_on_every_topic_cost_only_themselves(
    broker: str, tmp_path: Path
) -> None:
    run = SimulatedRun("hostile", 400, 3)
    before = await rejected(broker)
    corpus = [
        (topic.name, payload)
        for topic, good in ((FRAMES, run.messages[0]), (JOBS, job()), (RUNS, arrived(1)))
        for payload in hostile_payloads(good).values()
        if payload is not None or topic is FRAMES
    ]
    with AggregatorProcess(broker, tmp_path):
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=broker)
        await producer.start()
        for topic, payload in corpus:
            await producer.send_and_wait(topic, payload, key=run.job.encode())
        await producer.stop()
        await published(broker, [run])
        await compare(broker, [run])

        async def are_put_away() -> bool:
            return len((await rejected(broker)).keys() - before.keys()) >= len(corpus)

        await until(are_put_away, f"{len(corpus)} dead letters")
    letters = [m for place, m in (await rejected(broker)).items() if place not in before]
    assert sorted(msgspec.to_builtins(m.value) or "" for m in letters) == sorted(
        msgspec.to_builtins(payload) or "" for _, payload in corpus
    )


async def rejected(broker: str) -> dict[tuple[str, int, int], MessageRejected]:
    """All dead letters by the place of what they hold: a letter may be written twice."""
    letters = [decode_record(r) for r in await read_whole(broker, DEAD_LETTERS)]
    found = [m for m in letters if isinstance(m, MessageRejected)]
    return {(m.topic, m.partition, m.offset): m for m in found}
