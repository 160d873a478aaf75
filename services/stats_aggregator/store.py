"""Reading back what this service wrote, besides its checkpoints: rates, advice, offsets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient

from libs.messages import (
    AdviceCleared,
    AdviceRaised,
    BadMessageError,
    JobId,
    Message,
    RatesUpdated,
)
from libs.messages.topics import ADVICE, FRAMES, RATES, Topic
from libs.streams import KafkaSource, Record, decode_record, read_whole
from services.stats_aggregator.checkpoints import KafkaCheckpoints
from services.stats_aggregator.partition import SERVICE


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Of one partition of `frames`: the group's next offset, and that of the next new record."""

    acknowledged: int
    end: int


class KafkaStore(KafkaCheckpoints):
    """What this service wrote, and how far it has read.

    What others wrote there by mistake counts for nothing: an earlier readable message of the same
    key stays. Of `checkpoints` nobody else is a reader, so its bad messages become dead letters; of
    `rates` and `advice` the sink keeps them.
    """

    async def rates(self) -> dict[JobId, RatesUpdated]:
        """The newest rates of every job."""
        kept = await self._newest(RATES)
        return {m.job: m for m in kept.values() if isinstance(m, RatesUpdated)}

    async def reaches(self) -> dict[int, Reach]:
        """How far each partition of `frames` is acknowledged, and how far it goes."""
        async with KafkaSource(self._bootstrap, [FRAMES], group=None) as source:
            ends = await source.end_offsets()
        acknowledged = await self._acknowledged()
        return {
            partition: Reach(acknowledged=acknowledged.get(partition, 0), end=end)
            for (_, partition), end in ends.items()
        }

    async def advice(self) -> list[AdviceRaised | AdviceCleared]:
        """Everything that was ever told, in order."""
        messages = [_message(record) for record in await read_whole(self._bootstrap, ADVICE)]
        return [m for m in messages if isinstance(m, AdviceRaised | AdviceCleared)]

    async def frames_between(
        self, partition: int, start: int, end: int
    ) -> AsyncIterator[list[Record]]:
        """Records of `frames` with start ≤ offset < end that are still kept, some at a time."""
        async with KafkaSource(self._bootstrap, [FRAMES], group=None) as source:
            mine = (FRAMES.name, partition)
            source.pause(*(source.assignment() - {mine}))
            source.seek(mine, start)
            while (await source.positions())[mine] < end:
                records = await source.poll(timeout_s=0.2)
                yield [r for r in records if r.partition == partition and start <= r.offset < end]

    async def _acknowledged(self) -> dict[int, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(SERVICE)
        finally:
            await admin.close()
        return {tp.partition: at.offset for tp, at in offsets.items() if tp.topic == FRAMES.name}

    async def _newest(self, topic: Topic) -> dict[bytes, Message]:
        """The newest message of each key, without the keys that were deleted."""
        newest: dict[bytes, Message] = {}
        async with KafkaSource(self._bootstrap, [topic], group=None) as source:
            ends = await source.end_offsets()
            while any(at < ends[tp] for tp, at in (await source.positions()).items()):
                for record in await source.poll(timeout_s=0.2):
                    keep(newest, record)
        return newest


def keep(newest: dict[bytes, Message], record: Record) -> BadMessageError | None:
    """Let a record of a compacted topic take its key's place; gives what is wrong with it."""
    key = record.key or b""
    if record.value is None:
        newest.pop(key, None)
        return None
    try:
        newest[key] = decode_record(record)
    except BadMessageError as error:
        return error
    return None


def _message(record: Record) -> Message | None:
    """None for tombstones and for what others wrote there by mistake."""
    try:
        return None if record.value is None else decode_record(record)
    except BadMessageError:
        return None
