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


@pytest.fixture
def database(empty_database: DatabaseServer) -> DatabaseServer:
    """Migrated by alembic; the other tests' databases get the same statements without it."""
    empty_database.migrate()
    return empty_database


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        rows = await connection.execute(sa.text("SHOW TABLES"))
        return {row[0] for row in rows} - {"alembic_version"}


async def test_migrations_make_exactly_the_models(database: DatabaseServer) -> None:
    assert "No new upgrade operations detected" in database.alembic("check")


async def test_other_tests_have_the_same_tables_and_rights(
    database: DatabaseServer, mariadb: DatabaseServer
) -> None:
    other = mariadb.with_name(f"{database.name}_other")
    other.create()
    try:
        other.make_tables()
        assert await definitions(other) == await definitions(database)
    finally:
        other.drop()


async def definitions(server: DatabaseServer) -> list[str]:
    """How every table would be made, and who may do what."""
    engine = open_engine(server.url("owner"))
    try:
        asked = [f"SHOW CREATE TABLE `{name}`" for name in sorted(await tables(engine))]
        async with engine.connect() as connection:
            answers = [(await connection.execute(sa.text(text))).one()[1] for text in asked]
    finally:
        await engine.dispose()
    return [*answers, *[await rights(server, account) for account in ("writer", "editor")]]


async def rights(server: DatabaseServer, account: str) -> str:
    engine = open_engine(server.url(account))
    try:
        async with engine.connect() as connection:
            rows = await connection.execute(sa.text("SHOW GRANTS"))
            own = [row[0] for row in rows if f"`{server.name}`" in row[0]]
    finally:
        await engine.dispose()
    assert own
    return "\n".join(sorted(own)).replace(server.name, "it")


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
