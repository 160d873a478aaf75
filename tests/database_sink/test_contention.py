"""Others want the same rows: deadlocks, waits, a second sink, a deletion under way."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs import messages as m
from libs.catalogue import delete_job, find_job, in_transaction, open_engine
from libs.streams.fakes import records_of
from services.database_sink import metrics
from services.database_sink.offsets import FencedError
from tests.catalogue.builders import NOW, add_job, batch, result
from tests.database_server import DatabaseServer
from tests.database_sink.harness import FILLED, Harness, everything, table

pytestmark = pytest.mark.system
FRAMES = range(30)
LOCK_FRAME = "SELECT 1 FROM frame WHERE frame = 3 FOR UPDATE"
LOCK_OFFSET = "SELECT 1 FROM sink_offset FOR UPDATE"
HEAVY = "INSERT INTO file SELECT seq, seq FROM seq_1_to_5000"
"""Of two transactions in a deadlock, the server gives up the one that changed fewer rows."""


@pytest.fixture
async def owner(database: DatabaseServer) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database.url("owner"))
    yield engine
    await engine.dispose()


def said(job: m.JobId, attempt: int = 1) -> list[m.FramesProcessed]:
    rng = random.Random(attempt)
    return [batch(job, [result(frame, rng)], attempt=attempt) for frame in FRAMES]


@contextmanager
def noticed(engine: AsyncEngine, beginning: str) -> Iterator[asyncio.Event]:
    """Set when a statement that begins so is about to be sent."""
    event = asyncio.Event()

    def look(_c: object, _cursor: object, text: str, *_: object) -> None:
        if text.startswith(beginning):
            event.set()

    sa.event.listen(engine.sync_engine, "before_cursor_execute", look)
    yield event
    sa.event.remove(engine.sync_engine, "before_cursor_execute", look)


def contentions() -> float:
    return metrics.RETRIES_TOTAL.labels("contention")._value.get()


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + 240
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


async def rows_of_quiet_run(
    database: DatabaseServer, writer: AsyncEngine, log: list[m.FramesProcessed]
) -> object:
    await Harness(writer, log).drain()
    rows = await everything(writer)
    database.clear(*FILLED)
    return rows


async def test_a_deadlock_costs_a_repetition(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine, owner: AsyncEngine
) -> None:
    name = await add_job(editor)
    log = [*said(name), *said(name, attempt=2)]
    expected = await rows_of_quiet_run(database, writer, log)
    harness = Harness(writer, log, batch_records=len(FRAMES))
    await harness.sink.step()
    before = contentions()
    with noticed(writer, "INSERT INTO `frame`") as at_frames:
        async with owner.connect() as other:
            await other.execute(sa.text(HEAVY))
            await other.execute(sa.text(LOCK_FRAME))
            sink = asyncio.create_task(harness.sink.step())
            await at_frames.wait()
            await other.execute(sa.text(LOCK_OFFSET))  # the sink holds it, and waits for us
            await other.rollback()
        await sink
    assert contentions() > before
    assert await everything(writer) == expected


async def test_a_lock_that_is_held_too_long_costs_a_repetition(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine, owner: AsyncEngine
) -> None:
    name = await add_job(editor)
    log = [*said(name), *said(name, attempt=2)]
    expected = await rows_of_quiet_run(database, writer, log)
    harness = Harness(writer, log, batch_records=len(FRAMES))
    await harness.sink.step()
    before = contentions()
    sa.event.listen(writer.sync_engine, "begin", _be_impatient)
    async with owner.connect() as other:
        await other.execute(sa.text(LOCK_FRAME))
        sink = asyncio.create_task(harness.sink.step())
        await until(lambda: contentions() > before)
        await other.rollback()
    await sink
    assert await everything(writer) == expected


def _be_impatient(connection: sa.Connection) -> None:
    connection.exec_driver_sql("SET innodb_lock_wait_timeout = 1")


async def test_a_claim_waits_for_the_old_sink_which_then_writes_no_more(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine, owner: AsyncEngine
) -> None:
    name = await add_job(editor)
    log = [*said(name), *said(name, attempt=2)]
    expected = await rows_of_quiet_run(database, writer, log)
    records = records_of(log)
    old, new = (Harness(writer, records, batch_records=len(FRAMES) - 10) for _ in range(2))
    await old.sink.step()
    with noticed(writer, "INSERT INTO `frame`") as at_frames:
        async with owner.connect() as other:
            await other.execute(sa.text(LOCK_FRAME))
            writing = asyncio.create_task(old.sink.step())
            await at_frames.wait()
            claiming = asyncio.create_task(new.sink.step())
            await asyncio.wait([writing, claiming], timeout=0.5)
            assert not claiming.done()
            await other.rollback()
        await asyncio.gather(writing, claiming)
    before = await everything(writer)
    with pytest.raises(FencedError):
        await old.sink.step()
    assert await everything(writer) == before
    await new.drain()
    assert await everything(writer) == expected


async def test_a_replay_while_its_job_is_being_deleted_leaves_nothing(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    await Harness(writer, said(name)).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))
    replay = records_of([*said(name), *said(name, attempt=2), *said(name, attempt=3)])[30:]
    with noticed(editor, "DELETE FROM lattice") as begun:
        deletion = asyncio.create_task(delete_job(editor, job.id, now_us=NOW, slice_rows=2))
        await begun.wait()
        await Harness(writer, replay, batch_records=7).drain()
        await deletion
    for name_of_table in ("frame", "lattice", "frame_rollup", "rollup_rules"):
        assert await table(writer, name_of_table) == []
    assert await in_transaction(editor, lambda c: _is_purged(c, job.id))


async def _is_purged(connection: AsyncConnection, job: int) -> bool:
    query = sa.text("SELECT purged FROM job WHERE id = :job")
    return bool(await connection.scalar(query, {"job": job}))
