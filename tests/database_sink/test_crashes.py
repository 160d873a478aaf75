"""Rows are the same bits after any order, repetition and split, and a crash between any two steps.

The real server decides: its transactions and upserts are what is tested.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue import open_engine
from libs.streams import Record
from libs.streams.fakes import records_of
from tests.catalogue.builders import add_job, batch, result
from tests.database_server import DatabaseServer
from tests.database_sink.harness import FILLED, Harness, everything

pytestmark = pytest.mark.system
STATEMENTS = 40
"""A step of this log sends about so many."""


class KilledError(Exception):
    """The process is gone."""


def results(job: m.JobId) -> list[tuple[int, m.FrameResult]]:
    """(attempt, result): several for most frames, which lie in several roll-ups."""
    rng = random.Random(1)
    frames = [*range(95, 105), *range(9_995, 10_005)]
    return [(rng.choice([1, 1, 2]), result(rng.choice(frames), rng)) for _ in range(60)]


@contextmanager
def killed_after(engine: AsyncEngine, statements: int) -> Iterator[None]:
    """The process dies before it sends a statement or commits, after so many statements."""
    left = statements

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError

    sa.event.listen(engine.sync_engine, "before_cursor_execute", count)
    sa.event.listen(engine.sync_engine, "commit", count)
    yield
    sa.event.remove(engine.sync_engine, "before_cursor_execute", count)
    sa.event.remove(engine.sync_engine, "commit", count)


async def written(
    engine: AsyncEngine, log: Sequence[Record], batch_records: int, deaths: Sequence[int]
) -> object:
    """All rows, after processes that died and one that did not."""
    for statements in deaths:
        with killed_after(engine, statements):
            try:
                await Harness(engine, log, batch_records=batch_records).drain()
            except KilledError:
                continue
    await Harness(engine, log, batch_records=batch_records).drain()
    return await everything(engine)


async def undisturbed(database: DatabaseServer) -> tuple[m.JobId, object]:
    editor, writer = open_engine(database.url("editor")), open_engine(database.url("writer"))
    try:
        job = await add_job(editor)
        log = records_of([batch(job, [one], attempt=attempt) for attempt, one in results(job)])
        return job, await written(writer, log, 500, [])
    finally:
        await editor.dispose()
        await writer.dispose()


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    order=st.randoms(use_true_random=False),
    repeated=st.integers(0, 20),
    per_message=st.integers(1, 9),
    batch_records=st.sampled_from([1, 4, 30]),
    deaths=st.lists(st.integers(0, STATEMENTS), max_size=3),
)
def rows_are_the_same(
    database: DatabaseServer,
    job: m.JobId,
    expected: object,
    order: random.Random,
    repeated: int,
    per_message: int,
    batch_records: int,
    deaths: list[int],
) -> None:
    said = results(job)
    said += order.sample(said, repeated)
    order.shuffle(said)
    messages = [
        batch(job, [one for _, one in part], attempt=attempt)
        for attempt in (1, 2)
        for start in range(0, len(said), per_message)
        if (part := [pair for pair in said[start : start + per_message] if pair[0] == attempt])
    ]
    order.shuffle(messages)
    database.clear(*FILLED)
    assert asyncio.run(_again(database, records_of(messages), batch_records, deaths)) == expected


async def _again(
    database: DatabaseServer, log: Sequence[Record], batch_records: int, deaths: Sequence[int]
) -> object:
    engine = open_engine(database.url("writer"))
    try:
        return await written(engine, log, batch_records, deaths)
    finally:
        await engine.dispose()


def test_any_order_repetition_split_and_crash_gives_the_same_rows(
    database: DatabaseServer,
) -> None:
    job, expected = asyncio.run(undisturbed(database))
    rows_are_the_same(database, job, expected)
