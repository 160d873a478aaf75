"""Checkpoints in their compacted topic: written as one transaction, by a partition's newest owner.

Whoever takes a partition over enters as the owner of its checkpoints first: an earlier owner that
was only paused can then write nothing more (docs/decisions/0013). Segments of jobs that are not in
memory stay where they are; of them only the offset is kept here.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import structlog

from libs.messages import BadMessageError, CheckpointManifest, CheckpointSegment, Message
from libs.messages.topics import CHECKPOINTS
from libs.streams import (
    BrokerUnreachableError,
    DeadLetters,
    FencedSink,
    KafkaSource,
    Record,
    decode_record,
)
from services.stats_aggregator.partition import SERVICE, Checkpoint, PartitionState, needed

LOG = structlog.get_logger(__name__)
WHERE = (CHECKPOINTS.name, 0)
FAR = 2000
"""Records that are rather skipped than read over."""
PATIENCE_S = 60.0


class Index:
    """Of one partition's checkpoint: the manifest, and at which offset each segment lies."""

    def __init__(self) -> None:
        self.manifest: CheckpointManifest | None = None
        self.at: dict[str, int] = {}

    def learn(self, record: Record, segment: str, message: Message | None) -> None:
        """Take a record in its order; `segment` is empty for the manifest."""
        if isinstance(message, CheckpointSegment) and segment:
            self.at[segment] = record.offset
        elif isinstance(message, CheckpointManifest) and not segment:
            self.manifest = message
        elif message is None and segment:
            self.at.pop(segment, None)
        elif message is None:
            self.manifest = None


class KafkaCheckpoints:
    """The checkpoints of the partitions that this process has taken over."""

    def __init__(self, bootstrap: str, dead_letters: DeadLetters | None = None) -> None:
        self._bootstrap, self._dead_letters = bootstrap, dead_letters
        self._rejected = -1
        self._owned: dict[int, tuple[AsyncExitStack, FencedSink]] = {}
        self._at: dict[int, dict[str, int]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number in tuple(self._owned):
            await self.release(number)

    async def partitions(self, numbers: Iterable[int]) -> list[PartitionState]:
        """Take partitions over; gives their states as their last checkpoints have them."""
        taken = sorted(numbers)
        await asyncio.gather(*(self._own(number) for number in taken))
        indices = await self._indices(taken)
        return [await self._restored(number, indices[number]) for number in taken]

    async def save(self, checkpoint: Checkpoint) -> None:
        """Make a checkpoint durable, all of it or nothing.

        Raises FencedError where another process has taken the partition over.
        """
        number, segments = checkpoint.manifest.partition, checkpoint.segments
        offsets = await self._owned[number][1].publish_together(
            [*segments, checkpoint.manifest],
            tombstones=[f"{SERVICE}/{number}/{name}" for name in checkpoint.obsolete],
        )
        at = self._at[number]
        at.update((s.segment, offsets[CHECKPOINTS.key(s)]) for s in segments)
        for name in checkpoint.obsolete:
            at.pop(name, None)

    async def segments(self, number: int, names: Iterable[str]) -> dict[str, bytes]:
        """The bytes of segments; those that are not there are left out."""
        at = self._at.get(number, {})
        return await self._read({at[name]: name for name in names if name in at})

    async def release(self, number: int) -> None:
        """The partition is counted elsewhere from now on."""
        self._at.pop(number, None)
        owned = self._owned.pop(number, None)
        if owned is not None:
            await owned[0].aclose()

    async def _own(self, number: int) -> None:
        await self.release(number)
        resources = AsyncExitStack()
        sink = FencedSink(self._bootstrap, f"{SERVICE}-{number}", CHECKPOINTS)
        self._owned[number] = (resources, await resources.enter_async_context(sink))

    async def _restored(self, number: int, index: Index) -> PartitionState:
        self._at[number] = index.at
        if index.manifest is None:
            return PartitionState(number)
        try:
            segments = await self.segments(number, needed(index.manifest))
            return PartitionState.restored(number, index.manifest, segments, index.at.keys())
        except (ValueError, KeyError) as error:
            LOG.error("checkpoint_damaged", partition=number, error=str(error), action="anew")
            return PartitionState(number)

    async def _indices(self, numbers: Iterable[int]) -> dict[int, Index]:
        """Where everything lies that was committed until now."""
        indices = {number: Index() for number in numbers}
        async with KafkaSource(self._bootstrap, [CHECKPOINTS], group=None) as source:
            end = (await source.end_offsets())[WHERE]
        async with self._committed() as source:
            position = (await source.positions())[WHERE]
            while position < end:
                records = await self._polled(source, position)
                for record in records:
                    await self._learn(record, indices)
                position = (await source.positions())[WHERE]
        return indices

    async def _learn(self, record: Record, indices: Mapping[int, Index]) -> None:
        """What is no message hides no earlier one; it becomes a dead letter, once."""
        number, segment = _parsed(record.key or b"")
        try:
            message = None if record.value is None else decode_record(record)
        except BadMessageError as error:
            if self._dead_letters is not None and record.offset > self._rejected:
                self._rejected = record.offset
                await self._dead_letters.reject(record, error)
            return
        if number in indices:
            indices[number].learn(record, segment, message)

    async def _read(self, wanted: Mapping[int, str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        left = sorted(wanted)
        async with self._committed() as source:
            position = -FAR
            while left:
                if left[0] - position >= FAR:
                    source.seek(WHERE, left[0])
                for record in await self._polled(source, left[0]):
                    if record.offset in wanted:
                        found[wanted[record.offset]] = _state(record)
                position = (await source.positions())[WHERE]
                left = [offset for offset in left if offset >= position]
        return found

    async def _polled(self, source: KafkaSource, position: int) -> list[Record]:
        """Records, or none where the source went on over what readers do not see."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            records = await source.poll(timeout_s=0.2)
            if records or (await source.positions())[WHERE] > position:
                return records
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerUnreachableError(
                    f"{CHECKPOINTS.name} could not be read beyond offset {position} for "
                    f"{PATIENCE_S:.0f} s; is a transaction of a dead process still open?"
                )

    def _committed(self) -> KafkaSource:
        return KafkaSource(self._bootstrap, [CHECKPOINTS], group=None, committed_only=True)


def _parsed(key: bytes) -> tuple[int, str]:
    """Partition and segment of a key; (-1, "") for what is not ours."""
    service, _, rest = key.decode(errors="replace").partition("/")
    number, _, segment = rest.partition("/")
    return (int(number), segment) if service == SERVICE and number.isdecimal() else (-1, "")


def _state(record: Record) -> bytes:
    """The bytes of a segment; empty ones, which are refused as damaged, for anything else."""
    try:
        message = decode_record(record)
    except BadMessageError:
        return b""
    return message.state if isinstance(message, CheckpointSegment) else b""
