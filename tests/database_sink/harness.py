"""The sink on a real database, with a log in memory that can be read again from anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue import Base
from libs.messages import Message
from libs.streams import DeadLetters, Record, TopicPartition
from libs.streams.fakes import FakeSink, records_of
from services.database_sink.service import DatabaseSink, Ownership

NOT_COMPARED = {"read_ms", "done_us", "origin_id"}
TABLES = (
    "frame", "lattice", "frame_rollup", "rollup_rules", "rates", "advice", "run_arrival",
    "batch_profile", "file",
)  # fmt: skip

FILLED = (
    "frame", "lattice", "frame_rollup", "rollup_rules", "file", "batch_origin", "sink_offset",
    "batch_profile",
)  # fmt: skip
"""What frame results fill, and how far."""


class LogSource:
    """A topic in memory; seeking goes back in it, as with a broker."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.log = list(records)
        self.positions: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}

    async def poll(self, *, max_records: int = 500, timeout_s: float = 0.5) -> list[Record]:
        batch = [r for r in self.log if r.offset >= self.positions.get(r.topic_partition, 0)]
        batch = batch[:max_records]
        for record in batch:
            self.positions[record.topic_partition] = record.offset + 1
        return batch

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        self.committed |= positions

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(record.topic_partition for record in self.log)

    async def lag(self) -> Mapping[TopicPartition, int]:
        return {}

    async def end_offsets(self) -> Mapping[TopicPartition, int]:
        ends: dict[TopicPartition, int] = {}
        for record in self.log:
            known = ends.get(record.topic_partition, 0)
            ends[record.topic_partition] = max(known, record.offset + 1)
        return ends

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.positions[tp] = offset


class Harness:
    """A sink over a log, and what it refused."""

    def __init__(
        self, engine: AsyncEngine, messages: Iterable[Message] | Sequence[Record], **options: Any
    ) -> None:
        given = list(messages)
        records = [r for r in given if isinstance(r, Record)] or records_of(given)
        self.source = LogSource(records)
        self.letters = FakeSink()
        self.ownership = Ownership()
        self.sink = DatabaseSink(
            self.source, engine, DeadLetters("database_sink", self.letters), self.ownership,
            **options,
        )  # fmt: skip

    async def drain(self) -> None:
        """Step until everything is written."""
        await self.sink.step()
        ends = await self.source.end_offsets()
        while self.source.positions != ends:
            await self.sink.step()


async def table(engine: AsyncEngine, name: str) -> list[dict[str, Any]]:
    """All rows of a table, without what may differ between two undisturbed computations."""
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(Base.metadata.tables[name]))
        kept = [
            {key: value for key, value in row._mapping.items() if key not in NOT_COMPARED}
            for row in rows
        ]
    return sorted(kept, key=repr)


async def everything(engine: AsyncEngine) -> dict[str, list[dict[str, Any]]]:
    """All tables of the sink."""
    return {name: await table(engine, name) for name in TABLES}
