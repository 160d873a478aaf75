"""The connection to the database, and patience with it.

READ COMMITTED, because idempotent upserts need no gap locks. A statement that met a deadlock, a
lock timeout or a lost connection is repeated with its whole transaction; nothing else is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

LOG = structlog.get_logger(__name__)
T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
OnRetry = Callable[[str], None]

LOCK_WAIT_TIMEOUT, DEADLOCK = 1205, 1213
AWAY = frozenset(
    {
        1040,  # too many connections
        1053,  # server shutdown in progress
        1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161,  # connection aborted or network trouble
        1184, 1927,  # new connection aborted, connection killed
        2002, 2003, 2006, 2013, 2014, 2055,  # cannot connect, gone away, lost, out of sync
    }
)  # fmt: skip
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0


def open_engine(url: sa.URL, *, pool_size: int = 4) -> AsyncEngine:
    """An engine; nothing connects before it is used."""
    return create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": 5,
            "init_command": "SET SESSION sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', "
            "time_zone='+00:00', innodb_lock_wait_timeout=10",
        },
    )


def error_number(error: BaseException) -> int | None:
    """The server's or the client's error number, where there is one."""
    original = getattr(error, "orig", error)
    arguments = getattr(original, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_contention(error: BaseException) -> bool:
    """Whether the transaction lost against another one and may simply be repeated."""
    return isinstance(error, DBAPIError) and error_number(error) in (LOCK_WAIT_TIMEOUT, DEADLOCK)


def is_away(error: BaseException) -> bool:
    """Whether the server cannot be reached at present."""
    if isinstance(error, (OSError, InterfaceError, DisconnectionError, PoolTimeoutError)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or error_number(error) in AWAY


async def in_transaction(engine: AsyncEngine, work: Work[T]) -> T:
    """One attempt: begin, work, commit."""
    async with engine.begin() as connection:
        return await work(connection)


async def patiently(engine: AsyncEngine, work: Work[T], *, on_retry: OnRetry | None = None) -> T:
    """The work's result in a committed transaction, however long the database stays away.

    Logs an outage once, and its end once. `work` may run several times.
    """
    away, pause = False, FIRST_PAUSE_S
    while True:
        try:
            result = await in_transaction(engine, work)
        except (OSError, DBAPIError, DisconnectionError, PoolTimeoutError) as error:
            lost = is_away(error)
            if not lost and not is_contention(error):
                raise
            if on_retry is not None:
                on_retry("away" if lost else "contention")
            if lost and not away:
                LOG.warning("database_away", error=str(getattr(error, "orig", error)))
                away = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        else:
            if away:
                LOG.info("database_back")
            return result
