"""Asks a process whether it can work; False means not yet."""

import asyncio
import http.client
import logging
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncmy
import asyncmy.errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from libs.local_stack.mariadb import DATABASE
from libs.local_stack.ports import HOST, is_free

PROBE_TIMEOUT_S = 5.0


def kafka_answers(port: int) -> bool:
    """Whether the broker tells its metadata."""
    return not is_free(port) and _run(_kafka_metadata(f"{HOST}:{port}"))


def mariadb_answers(port: int, user: str, password_file: Path) -> bool:
    """Whether the server lets an account in."""
    password = password_file.read_text(encoding="utf-8").strip()
    return not is_free(port) and _run(_log_in(port, user, password))


def page(url: str) -> str | None:
    """The text of a page on this machine, None when there is none."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S) as answer:  # noqa: S310
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return None


def service_works(name: str, port: int) -> bool:
    """Whether a service's loop turns, by its own metrics."""
    metrics = page(f"http://{HOST}:{port}/metrics")
    return metrics is not None and f'stillstream_healthy{{service="{name}"}} 1.0' in metrics


async def _kafka_metadata(bootstrap: str) -> bool:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    with _unlogged("aiokafka"):  # a broker that is still starting is no error
        try:
            await client.start()
            await client.list_topics()
        except (KafkaError, OSError):
            return False
        finally:
            await client.close()
    return True


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


async def _log_in(port: int, user: str, password: str) -> bool:
    try:
        connection = await asyncmy.connect(
            host=HOST, port=port, user=user, password=password, db=DATABASE
        )
    except (asyncmy.errors.MySQLError, OSError):
        return False
    await connection.ensure_closed()
    return True


def _run(question: Coroutine[Any, Any, bool]) -> bool:
    """In a thread of its own, since the caller may have a loop."""

    async def limited() -> bool:
        try:
            return await asyncio.wait_for(question, PROBE_TIMEOUT_S)
        except TimeoutError:
            return False

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, limited()).result()
