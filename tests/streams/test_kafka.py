"""What only a real broker can show: durability, order, groups, reading whole."""

import asyncio
import uuid

import pytest

from libs.messages import FramesArrived, RunId, encode
from libs.messages.topics import RUNS, WORK_LIVE
from libs.streams import (
    KafkaSink,
    KafkaSource,
    Record,
    next_positions,
    read_whole,
)
from tests.streams.readable import readable

pytestmark = pytest.mark.system
DEADLINE_S = 240


def arrivals(run: str, count: int) -> list[FramesArrived]:
    return [
        FramesArrived(run=RunId(run), sequence=i, spans=(), announced_us=i) for i in range(count)
    ]


def of_run(records: list[Record], run: str) -> list[FramesArrived]:
    messages = readable(records)
    return [m for m in messages if isinstance(m, FramesArrived) and m.run == run]


async def poll_until(source: KafkaSource, run: str, count: int) -> list[Record]:
    records: list[Record] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(of_run(records, run)) < count:
            records += await source.poll(timeout_s=0.2)
    return records


async def test_published_messages_are_read_whole_and_in_order(kafka: str) -> None:
    run = uuid.uuid4().hex
    async with KafkaSink(kafka) as sink:
        await sink.publish(arrivals(run, 500))
    assert of_run(await read_whole(kafka, RUNS), run) == arrivals(run, 500)


async def test_a_group_goes_on_where_it_committed(kafka: str) -> None:
    run, group = uuid.uuid4().hex, uuid.uuid4().hex
    async with KafkaSink(kafka) as sink:
        await sink.publish(arrivals(run, 10))
    async with KafkaSource(kafka, [RUNS], group=group) as source:
        records = await poll_until(source, run, 10)
        middle = next(r for r in records if r.value == encode(arrivals(run, 5)[4]))
        await source.commit(next_positions([middle]))
    async with KafkaSource(kafka, [RUNS], group=group) as source:
        again = await poll_until(source, run, 5)
        assert [m.sequence for m in of_run(again, run)] == [5, 6, 7, 8, 9]
        async with asyncio.timeout(DEADLINE_S):  # what other tests left is read, too
            while set((await source.lag()).values()) != {0}:
                await source.poll(timeout_s=0.2)


async def test_a_group_shares_partitions_between_members(kafka: str) -> None:
    group = uuid.uuid4().hex
    async with (
        KafkaSource(kafka, [WORK_LIVE], group=group) as one,
        KafkaSource(kafka, [WORK_LIVE], group=group) as two,
        asyncio.timeout(DEADLINE_S),
    ):
        while len(one.assignment()) + len(two.assignment()) != 24 or not two.assignment():
            await asyncio.gather(one.poll(timeout_s=0.2), two.poll(timeout_s=0.2))
        assert not one.assignment() & two.assignment()


async def test_an_unreachable_broker_is_named() -> None:
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1 "):
        async with KafkaSource("127.0.0.1:1", [RUNS], group=None, patience_s=0.1):
            pass
