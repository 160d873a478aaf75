"""What only a real broker can show: all or nothing, and the newest owner alone."""

import asyncio
import uuid

import pytest

from libs.messages import CheckpointSegment
from libs.messages.topics import CHECKPOINTS
from libs.streams import FencedError, FencedSink, KafkaSource, Record, decode_record

pytestmark = pytest.mark.system
DEADLINE_S = 240


class Owner:
    """Segments under a name of this test's own."""

    def __init__(self, kafka: str) -> None:
        self.kafka, self.name = kafka, f"test-{uuid.uuid4().hex}"

    def sink(self) -> FencedSink:
        return FencedSink(self.kafka, self.name, CHECKPOINTS)

    def segment(self, name: str, state: bytes = b"") -> CheckpointSegment:
        return CheckpointSegment(service=self.name, partition=0, segment=name, state=state)

    async def committed(self) -> list[Record]:
        """Our records, of everything that was committed until now."""
        async with KafkaSource(self.kafka, [CHECKPOINTS], group=None) as source:
            end = (await source.end_offsets())[(CHECKPOINTS.name, 0)]
        records: list[Record] = []
        async with (
            asyncio.timeout(DEADLINE_S),
            KafkaSource(self.kafka, [CHECKPOINTS], group=None, committed_only=True) as source,
        ):
            while (await source.positions())[(CHECKPOINTS.name, 0)] < end:
                records += await source.poll(timeout_s=0.2)
        return [r for r in records if (r.key or b"").startswith(self.name.encode())]


async def test_offsets_are_those_of_the_records(kafka: str) -> None:
    owner = Owner(kafka)
    async with owner.sink() as sink:
        await sink.publish_together([owner.segment("a", b"old")])
        offsets = await sink.publish_together(
            [owner.segment("a", b"new"), owner.segment("b")], tombstones=[f"{owner.name}/0/c"]
        )
    records = await owner.committed()
    assert {r.key.decode(): r.offset for r in records[1:] if r.key and r.value} == offsets
    assert decode_record(records[1]) == owner.segment("a", b"new")
    assert records[-1].value is None


async def test_an_earlier_owner_writes_nothing_more(kafka: str) -> None:
    owner = Owner(kafka)
    async with owner.sink() as earlier:
        await earlier.publish_together([owner.segment("first")])
        async with owner.sink() as later:
            await later.publish_together([owner.segment("second")])
            for _ in range(2):
                with pytest.raises(FencedError, match="taken over"):
                    await earlier.publish_together([owner.segment("second", b"stale")])
            await later.publish_together([owner.segment("third")])
    names = [(r.key or b"").decode().rpartition("/")[2] for r in await owner.committed()]
    assert names == ["first", "second", "third"]


async def test_what_an_earlier_owner_had_begun_is_not_seen(kafka: str) -> None:
    owner = Owner(kafka)
    async with owner.sink() as earlier:
        await earlier._client.begin_transaction()
        await (await earlier._send(f"{owner.name}/0/half", b"x", []))
        async with owner.sink() as later:
            await later.publish_together([owner.segment("whole")])
    records = await owner.committed()
    assert [r.key for r in records] == [f"{owner.name}/0/whole".encode()]
