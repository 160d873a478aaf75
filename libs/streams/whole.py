"""A whole topic, read once, up to its end at the time of the call."""

from libs.messages.topics import Topic
from libs.streams.kafka_source import KafkaSource
from libs.streams.records import Record


async def read_whole(bootstrap: str, topic: Topic) -> list[Record]:
    """All records of a topic, in order within a partition."""
    async with KafkaSource(bootstrap, [topic], group=None) as source:
        return await read_to_end(source)


async def read_to_end(source: KafkaSource) -> list[Record]:
    """All records of a source that was just opened with `group=None`; it can go on from there."""
    ends = await source.end_offsets()
    records: list[Record] = []
    while any(position < ends[tp] for tp, position in (await source.positions()).items()):
        records += await source.poll(timeout_s=0.2)
    return records
