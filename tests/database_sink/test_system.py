"""The sink as a process, on a real broker, with a real database that goes away and comes back."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue import in_transaction, list_jobs, open_engine
from libs.local_stack import ROOT, LocalStack
from libs.messages import FramesProcessed, JobId
from libs.streams import KafkaSink
from tests.benchmarks.parts.example_frames import example_messages
from tests.catalogue.builders import add_job, batch, result
from tests.conftest import StackFactory
from tests.database_server import DatabaseServer
from tests.database_sink.harness import FILLED, Harness, everything, table

pytestmark = pytest.mark.system
DEADLINE_S = 240.0
FRAMES = 300
AWAY_S = 30.0


@pytest.fixture(scope="module")
def both(stack: StackFactory) -> LocalStack:
    """A broker and a database of this module's own: it stops and starts them."""
    return stack(services=[], infrastructure=["kafka", "mariadb"])


@pytest.fixture
def server(both: LocalStack) -> DatabaseServer:
    return DatabaseServer(
        port=both.ports.mariadb,
        secrets=both.paths.secrets,
        socket=both.paths.sockets / "mariadb.sock",
    )


@pytest.fixture
async def engine(server: DatabaseServer) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(server.url("editor"))
    yield opened
    await opened.dispose()


@contextmanager
def sink_process(both: LocalStack) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.database_sink"],
        cwd=ROOT,
        env=os.environ | both.env("writer") | {"STILLSTREAM_BATCH_RECORDS": "20"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


async def until(what: str, condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


def said(job: JobId) -> list[FramesProcessed]:
    rng = random.Random(1)
    frames = [batch(job, [result(frame, rng)]) for frame in range(FRAMES)]
    return [*frames, *rng.sample(frames, 50)]


async def test_killed_and_cut_off_from_its_database_it_writes_what_an_undisturbed_sink_writes(
    both: LocalStack, server: DatabaseServer, engine: AsyncEngine
) -> None:
    job = await add_job(engine)
    log = said(job)

    async def rows(at_least: int) -> bool:
        return len(await table(engine, "frame")) >= at_least

    async with KafkaSink(both.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]) as out:
        await out.publish(log[:100])
        with sink_process(both):
            await until("the first rows", lambda: rows(1))
        await out.publish(log[100:200])  # while no sink runs: it was killed
        with sink_process(both) as process:
            await until("100 rows", lambda: rows(100))
            await engine.dispose()
            both.stop("mariadb")
            await out.publish(log[200:])
            assert process.poll() is None
            both.start("mariadb")
            await until("the server", lambda: answers(engine))
            await until("all rows", lambda: rows(FRAMES))
            assert process.poll() is None
    written = await everything(engine)
    server.clear(*FILLED)
    writer = open_engine(server.url("writer"))
    await Harness(writer, log).drain()
    await writer.dispose()
    assert await everything(engine) == written


@pytest.mark.soak
async def test_half_a_minute_without_a_database_costs_no_memory(
    both: LocalStack, server: DatabaseServer, engine: AsyncEngine
) -> None:
    (job,) = await _jobs(engine)
    waiting = example_messages(50_000, job=job, first_frame=FRAMES)
    async with KafkaSink(both.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]) as out:
        with sink_process(both) as process:
            await out.publish(waiting[:50])
            await until("some rows", lambda: _has_frame(engine, FRAMES + 4_999))
            await engine.dispose()
            both.stop("mariadb")
            await out.publish(waiting[50:60])
            await asyncio.sleep(5)
            before = resident_mb(process.pid)
            await out.publish(waiting[60:])
            await asyncio.sleep(AWAY_S)
            assert resident_mb(process.pid) < before + 30
            both.start("mariadb")
            await until("the server", lambda: answers(engine))
            await until("all rows", lambda: _has_frame(engine, FRAMES + 49_999))
            assert process.poll() is None
    async with engine.connect() as connection:
        query = f"SELECT COUNT(*) FROM frame WHERE frame >= {FRAMES}"  # noqa: S608
        assert await connection.scalar(sa.text(query)) == 50_000


async def _jobs(engine: AsyncEngine) -> list[JobId]:
    known = [record.job for record in await in_transaction(engine, list_jobs)]
    return known or [await add_job(engine)]


async def _has_frame(engine: AsyncEngine, frame: int) -> bool:
    async with engine.connect() as connection:
        query = sa.text("SELECT COUNT(*) FROM frame WHERE frame = :frame")
        return bool(await connection.scalar(query, {"frame": frame}))


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def answers(engine: AsyncEngine) -> bool:
    try:
        await table(engine, "job")
    except Exception:  # noqa: BLE001  any error means: not yet
        return False
    return True
