"""How far each partition is written, and the epoch that fences out a sink that was replaced.

Offset and epoch live beside the rows: a transaction either writes rows, offset and all, or nothing,
and a sink whose partition was claimed by another one meanwhile writes nothing at all.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.summary_models import SinkOffsetRow
from libs.streams import TopicPartition

OFFSET: Any = SinkOffsetRow.__table__
CONSUMER = "database_sink"
Claims = dict[TopicPartition, tuple[int, int]]
"""(next offset, epoch) of each partition."""


class FencedError(Exception):
    """Another sink claimed a partition after this one did."""


async def claim(connection: AsyncConnection, ends: Mapping[TopicPartition, int]) -> Claims:
    """Take partitions over; gives where to go on. `ends` are the offsets after their last records.

    A stored offset behind the end of its topic belongs to a topic that was made anew: from 0 again.
    """
    for topic, partition in sorted(ends):
        row = {"consumer": CONSUMER, "topic": topic, "partition_id": partition}
        statement = mysql.insert(OFFSET).values(**row, next_offset=0, epoch=1)
        await connection.execute(statement.on_duplicate_key_update(epoch=OFFSET.c.epoch + 1))
    stored = await _read(connection, ends)
    claims: Claims = {}
    for tp, (next_offset, epoch) in stored.items():
        sound = next_offset if next_offset <= ends[tp] else 0
        if sound != next_offset:
            await _write(connection, tp, sound)
        claims[tp] = (sound, epoch)
    return claims


async def fence(connection: AsyncConnection, claims: Claims) -> None:
    """Lock the rows of these partitions; raises FencedError when one was claimed by another."""
    stored = await _read(connection, claims)
    for tp, (_, epoch) in claims.items():
        now = stored.get(tp, (0, 0))[1]
        if now != epoch:
            raise FencedError(
                f"{tp[0]}/{tp[1]} was claimed by another {CONSUMER} (epoch {now}, ours {epoch}): "
                "this one stops; run one sink for each partition"
            )


async def advance(connection: AsyncConnection, positions: Mapping[TopicPartition, int]) -> None:
    """Everything below these offsets is written by this transaction."""
    for tp, next_offset in sorted(positions.items()):
        await _write(connection, tp, next_offset)


async def _read(connection: AsyncConnection, tps: Mapping[TopicPartition, Any]) -> Claims:
    if not tps:
        return {}
    query = (
        sa.select(OFFSET.c.topic, OFFSET.c.partition_id, OFFSET.c.next_offset, OFFSET.c.epoch)
        .where(
            OFFSET.c.consumer == CONSUMER,
            sa.tuple_(OFFSET.c.topic, OFFSET.c.partition_id).in_(sorted(tps)),
        )
        .order_by(OFFSET.c.topic, OFFSET.c.partition_id)
        .with_for_update()
    )
    rows = await connection.execute(query)
    return {(topic, partition): (next_, epoch) for topic, partition, next_, epoch in rows}


async def _write(connection: AsyncConnection, tp: TopicPartition, next_offset: int) -> None:
    await connection.execute(
        sa.update(OFFSET)
        .where(
            OFFSET.c.consumer == CONSUMER, OFFSET.c.topic == tp[0], OFFSET.c.partition_id == tp[1]
        )
        .values(next_offset=next_offset)
    )
