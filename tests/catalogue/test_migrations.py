"""Up and down on the real server, with data in place."""

import random

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue import Base, in_transaction, list_jobs, open_engine, trials
from tests.catalogue.builders import add_job, batch, result
from tests.database_server import DatabaseServer
from tests.database_sink.harness import Harness, everything

pytestmark = pytest.mark.system


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        rows = await connection.execute(sa.text("SHOW TABLES"))
        return {row[0] for row in rows} - {"alembic_version"}


async def test_migrations_make_exactly_the_models(database: DatabaseServer) -> None:
    assert "No new upgrade operations detected" in database.alembic("check")


async def test_down_and_up_again_keeps_what_people_wrote(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    job = await add_job(editor)
    async with writer.begin() as connection:
        await connection.execute(sa.text("INSERT INTO file VALUES (1, '/a')"))
    database.alembic("downgrade", "0001")
    assert "frame" not in await tables(editor)
    database.alembic("upgrade", "head")
    assert await tables(editor) == set(Base.metadata.tables)
    assert [record.job for record in await in_transaction(editor, list_jobs)] == [job]


async def test_rollups_go_and_come_back_from_the_frames(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    job = await add_job(editor)
    log = [batch(job, [result(frame, random.Random(frame)) for frame in range(120)])]
    await Harness(writer, log).drain()
    before = await everything(writer)
    database.alembic("downgrade", "0002")
    assert "frame_rollup" not in await tables(editor)
    database.alembic("upgrade", "head")
    await Harness(writer, log).drain()
    assert await everything(writer) == before


async def test_down_to_nothing_and_up_again(empty_database: DatabaseServer) -> None:
    engine = open_engine(empty_database.url("editor"))
    try:
        empty_database.migrate()
        await add_job(engine)
        empty_database.alembic("downgrade", "base")
        assert await tables(engine) == set()
        empty_database.migrate()
        assert await in_transaction(engine, trials.list_trials) == []
    finally:
        await engine.dispose()
