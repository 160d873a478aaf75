"""Many rows into one table. The next statement is made while the server works on the one before."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.database_sink.literals import Values, statements

AS_IT_IS = {"no_parameters": True}
"""The text holds its values: a percent sign is one."""


async def many(
    connection: AsyncConnection,
    statement: str,
    rows: Sequence[Values],
    table: str,
    written: Counter[str],
) -> None:
    """All rows, in as few statements as the server takes."""
    await in_turn(connection, statements(statement, rows))
    if rows:
        written[table] += len(rows)


async def in_turn(connection: AsyncConnection, texts: Iterable[str]) -> None:
    """Execute statements whose text holds their values."""
    running: asyncio.Task[Any] | None = None
    for text in texts:
        if running is not None:
            await running
        running = asyncio.create_task(execute(connection, text))
        await asyncio.sleep(0)  # it is on its way before the next one is made
    if running is not None:
        await running


async def execute(connection: AsyncConnection, text: str) -> Any:
    """One statement whose text holds its values."""
    return await connection.exec_driver_sql(text, execution_options=AS_IT_IS)
