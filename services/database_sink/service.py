"""The loop of the sink: poll, make rows, write rows and offsets in one transaction, go on.

A big poll becomes several transactions; the rows of the next are made while one is being written.
Where to read from is what the database says, not Kafka: its committed offsets are only there for
tools that show lag. While the database is away, a step waits and nothing more is polled.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs.catalogue.engine import error_number, patiently
from libs.catalogue.runs import check_storable
from libs.messages import BadMessageError, FramesProcessed, Message, RunStarted
from libs.messages.topics import BY_NAME
from libs.service_kit.metrics import EVENT_AGE_SECONDS, MESSAGES_TOTAL, show_lag
from libs.streams import (
    DeadLetters,
    Record,
    Source,
    TopicPartition,
    decode_record,
    next_positions,
)
from services.database_sink import metrics, offsets
from services.database_sink.core import Rows, add, rows_of
from services.database_sink.parts import parts_of
from services.database_sink.rollups import fill_missing
from services.database_sink.writer import write_rows

NAME = "database_sink"
TURN_BYTES = 30_000
"""Of messages that are turned into rows before the loop may look after the server again."""
UNSTORABLE = frozenset({1264, 1265, 1292, 1366, 1367, 1406, 3140, 3819, 4025})
"""Error numbers of values that no column takes; other errors of the server stop the service."""


class SeekableSource(Source, Protocol):
    """A source that can be told where to read."""

    async def end_offsets(self) -> Mapping[TopicPartition, int]:
        """The offset after the newest record of each assigned partition."""
        ...

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Continue at this offset."""
        ...


@dataclass(kw_only=True)
class Ownership:
    """Counts assignments: after each one, offsets have to be claimed and sought anew."""

    generation: int = 1

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """Called by the source."""
        del partitions
        self.generation += 1


@dataclass(frozen=True, kw_only=True)
class Item:
    """A record and its message; None where there is nothing to write."""

    record: Record
    message: Message | None


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one transaction takes, and its rows."""

    items: Sequence[Item]
    rows: Rows


class DatabaseSink:
    """One turn: everything that a poll gave."""

    def __init__(
        self,
        source: SeekableSource,
        engine: AsyncEngine,
        dead_letters: DeadLetters,
        ownership: Ownership,
        *,
        batch_records: int = 2000,
    ) -> None:
        self._source, self._engine, self._dead_letters = source, engine, dead_letters
        self._ownership, self._batch_records = ownership, batch_records
        self._claimed_generation = 0
        self._claims: offsets.Claims = {}

    async def step(self) -> None:
        """Poll, write, commit; returns early when partitions changed hands meanwhile."""
        if self._claimed_generation != self._ownership.generation:
            await self._claim()
        records = await self._source.poll(max_records=self._batch_records)
        if self._claimed_generation != self._ownership.generation:
            return  # what was polled is read again after the claim
        fresh = [record for record in records if self._is_fresh(record)]
        if not fresh:
            return
        await self._take(parts_of(fresh))
        await self._source.commit({tp: next_ for tp, (next_, _) in self._claims.items()})
        show_lag(NAME, await self._source.lag())

    async def _take(self, parts: Sequence[Sequence[Record]]) -> None:
        """One transaction after the other; the rest is read again where partitions moved."""
        part = await self._part(parts[0])
        for records in parts[1:]:
            _, part = await asyncio.gather(self._write(part.items, part.rows), self._part(records))
            if self._claimed_generation != self._ownership.generation:
                return
        await self._write(part.items, part.rows)

    async def _claim(self) -> None:
        generation = self._ownership.generation
        ends = await self._source.end_offsets()
        self._claims = await patiently(
            self._engine, lambda connection: offsets.claim(connection, ends)
        )
        await fill_missing(self._engine)
        for tp, (next_offset, _) in self._claims.items():
            self._source.seek(tp, next_offset)
        self._claimed_generation = generation

    def _is_fresh(self, record: Record) -> bool:
        claim = self._claims.get(record.topic_partition)
        return claim is not None and record.offset >= claim[0]

    async def _part(self, records: Sequence[Record]) -> Part:
        """Rows of records, made in short turns: a transaction may be under way meanwhile."""
        rows, items = Rows(), []
        turn_bytes = 0
        for record in records:
            items.append(await self._item(record, rows))
            turn_bytes += len(record.value or b"")
            if turn_bytes > TURN_BYTES:
                turn_bytes = 0
                await asyncio.sleep(0)
        return Part(items=items, rows=rows)

    async def _item(self, record: Record, rows: Rows) -> Item:
        if record.value is None and (topic := BY_NAME.get(record.topic)) and topic.compacted:
            return Item(record=record, message=None)  # the key was deleted; rows go with the job
        MESSAGES_TOTAL.labels(NAME, record.topic, "in").inc()
        try:
            message = decode_record(record)
            if isinstance(message, RunStarted):
                check_storable(message)
            add(rows, message)
        except BadMessageError as error:
            await self._dead_letters.reject(record, error)
            return Item(record=record, message=None)
        return Item(record=record, message=message)

    async def _write(self, items: Sequence[Item], rows: Rows) -> None:
        """One transaction; halves of it where the server refuses a value, down to the culprit."""
        try:
            await self._write_at_once(items, rows)
        except DBAPIError as error:
            if not _is_unstorable(error):
                raise
            if len(items) == 1:
                await self._dead_letters.reject(items[0].record, error)
                await self._write_at_once(items, Rows())
                return
            middle = len(items) // 2
            for half in (items[:middle], items[middle:]):
                await self._write(half, rows_of(item.message for item in half if item.message))

    async def _write_at_once(self, items: Sequence[Item], rows: Rows) -> None:
        positions = next_positions(item.record for item in items)

        async def work(connection: AsyncConnection) -> dict[str, int]:
            await offsets.fence(connection, {tp: self._claims[tp] for tp in positions})
            written = await write_rows(connection, rows)
            await offsets.advance(connection, positions)
            return written

        with metrics.TRANSACTION_SECONDS.time():
            written = await patiently(self._engine, work, on_retry=_count_retry)
        for tp, next_offset in positions.items():
            self._claims[tp] = (next_offset, self._claims[tp][1])
        _show(written, [item.message for item in items])


def _is_unstorable(error: DBAPIError) -> bool:
    return isinstance(error, (DataError, IntegrityError)) or error_number(error) in UNSTORABLE


def _count_retry(reason: str) -> None:
    metrics.RETRIES_TOTAL.labels(reason).inc()


def _show(written: Mapping[str, int], messages: Sequence[Message | None]) -> None:
    metrics.TRANSACTIONS_TOTAL.inc()
    for table, rows in written.items():
        if table in metrics.NOT_WRITTEN:
            metrics.NOT_WRITTEN[table].inc(rows)
        else:
            metrics.ROWS_TOTAL.labels(table).inc(rows)
    batches = [message for message in messages if isinstance(message, FramesProcessed)]
    newest = max((f.ts_us for batch in batches for f in batch.frames), default=None)
    if newest is not None:
        EVENT_AGE_SECONDS.labels(NAME).set(time.time() - newest / 1e6)
