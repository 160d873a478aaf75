"""A source and a sink in memory, for unit tests only."""

from collections.abc import Iterable, Mapping, Sequence

from libs.messages.base import Message
from libs.messages.codec import encode
from libs.messages.topics import BY_MESSAGE, Topic
from libs.streams.records import Record, TopicPartition


def record_of(
    message: Message, *, offset: int = 0, partition: int = 0, topic: Topic | None = None
) -> Record:
    """The record in which a message would lie."""
    where = topic or BY_MESSAGE[type(message)]
    return Record(
        topic=where.name,
        partition=partition,
        offset=offset,
        key=where.key(message).encode(),
        value=encode(message),
    )


def records_of(messages: Iterable[Message], *, partition: int = 0) -> list[Record]:
    """Records with consecutive offsets per topic."""
    offsets: dict[str, int] = {}
    records = []
    for message in messages:
        name = BY_MESSAGE[type(message)].name
        offset = offsets.setdefault(name, 0)
        records.append(record_of(message, offset=offset, partition=partition))
        offsets[name] = offset + 1
    return records


class FakeSource:
    """Gives out its records in order and remembers what was committed."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self._records = list(records)
        self.committed: dict[TopicPartition, int] = {}

    def feed(self, records: Iterable[Record]) -> None:
        """More records for later polls."""
        self._records += records

    async def poll(self, *, max_records: int = 500, timeout_s: float = 0.5) -> list[Record]:
        """The next records; never waits."""
        batch, self._records = self._records[:max_records], self._records[max_records:]
        return batch

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Remember."""
        self.committed |= positions

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions of the records that are left."""
        return frozenset(record.topic_partition for record in self._records)

    async def lag(self) -> Mapping[TopicPartition, int]:
        """What is left, per partition."""
        lags: dict[TopicPartition, int] = {}
        for record in self._records:
            lags[record.topic_partition] = lags.get(record.topic_partition, 0) + 1
        return lags


class FakeSink:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.topics: list[Topic] = []
        self.tombstones: list[tuple[str, str]] = []

    async def publish(self, messages: Iterable[Message], *, topic: Topic | None = None) -> None:
        """Keep the messages and where they went."""
        for message in messages:
            self.published.append(message)
            self.topics.append(topic or BY_MESSAGE[type(message)])

    async def tombstone(self, topic: Topic, key: str) -> None:
        """Keep the deletion."""
        self.tombstones.append((topic.name, key))
