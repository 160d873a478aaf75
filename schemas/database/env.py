"""Runs the migrations with the owner's account; address and password come from the environment."""

import asyncio
import os

from alembic import context
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from libs.catalogue import Base
from libs.service_kit import DatabaseSettings
from schemas.database.grants import grant_rights

PREFIX = "STILLSTREAM_DATABASE__"


def settings() -> DatabaseSettings:
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX)
    }
    return DatabaseSettings.model_validate({"user": "owner", **given})


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    grant_rights(connection)


async def migrate_online() -> None:
    engine = create_async_engine(settings().url())
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


def print_sql() -> None:
    context.configure(
        dialect_name="mysql", target_metadata=Base.metadata, literal_binds=True, as_sql=True
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    asyncio.run(migrate_online())
