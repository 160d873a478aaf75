"""Records as they lie in a topic, and the two protocols that services are written against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from libs.messages.base import BadMessageError, Message
from libs.messages.codec import decode
from libs.messages.topics import BY_NAME, Topic

TopicPartition = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record: where it lies and its raw bytes. `value` None is a tombstone."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int = 0

    @property
    def topic_partition(self) -> TopicPartition:
        """The partition in which the record lies."""
        return (self.topic, self.partition)


class Source(Protocol):
    """Where records come from."""

    async def poll(self, *, max_records: int = 500, timeout_s: float = 0.5) -> list[Record]:
        """The next records, in order within a partition; empty when none came in time."""
        ...

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Remember, per partition, the next offset to read after a restart."""
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that this source reads at present."""
        ...

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Records not yet polled, per partition."""
        ...


class Sink(Protocol):
    """Where messages go."""

    async def publish(self, messages: Iterable[Message], *, topic: Topic | None = None) -> None:
        """Return when every message is durable; order is kept within a key."""
        ...

    async def tombstone(self, topic: Topic, key: str) -> None:
        """Delete a key of a compacted topic."""
        ...


def decode_record(record: Record) -> Message:
    """The message in a record; raises BadMessageError for anything else."""
    topic = BY_NAME.get(record.topic)
    if topic is None:
        raise BadMessageError(f"{record.topic} is not in the table of topics")
    return decode(topic, record.value)


def next_positions(records: Iterable[Record]) -> dict[TopicPartition, int]:
    """The offsets to commit once these records are dealt with."""
    positions: dict[TopicPartition, int] = {}
    for record in records:
        known = positions.get(record.topic_partition, 0)
        positions[record.topic_partition] = max(known, record.offset + 1)
    return positions
