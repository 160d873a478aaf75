"""The database away for a while: the sink waits, takes no more from the topic, and catches up."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue import open_engine
from libs.streams import Record
from services.database_sink import metrics
from tests.catalogue.builders import add_job, batch, result
from tests.database_server import DatabaseServer
from tests.database_sink.harness import FILLED, Harness, everything

pytestmark = pytest.mark.system
RETRIES = 6
"""With pauses that double from 0.05 s to 2 s: some seconds; later ones only repeat."""


class Road:
    """The way to the server, which can be closed: connections break and none is made."""

    def __init__(self, server: DatabaseServer) -> None:
        self._server, self.is_open = server, True
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._carry, "127.0.0.1", 0)

    def close(self) -> None:
        self.is_open = False
        for writer in self._writers:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        there = await asyncio.open_connection(self._server.host, self._server.port)
        self._writers |= {writer, there[1]}
        with suppress(ConnectionError):
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
    target.transport.abort()


class CountingHarness(Harness):
    """Knows how many records were taken from the topic."""

    def __init__(self, engine: AsyncEngine, log: list[m.FramesProcessed]) -> None:
        super().__init__(engine, log, batch_records=5)
        self.taken = 0
        poll = self.source.poll

        async def counted(*, max_records: int = 500, timeout_s: float = 0.5) -> list[Record]:
            records = await poll(max_records=max_records, timeout_s=timeout_s)
            self.taken += len(records)
            return records

        self.source.poll = counted  # type: ignore[method-assign]


@pytest.fixture
async def road(database: DatabaseServer) -> AsyncIterator[tuple[Road, AsyncEngine]]:
    """The road and an engine of the sink that takes it."""
    road = Road(database)
    listening = await road.listen()
    port = listening.sockets[0].getsockname()[1]
    engine = open_engine(database.url("writer").set(port=port))
    yield road, engine
    await engine.dispose()
    road.close()
    listening.close()


def outages() -> float:
    return metrics.RETRIES_TOTAL.labels("away")._value.get()


async def until_retried(more: int) -> None:
    loop = asyncio.get_running_loop()
    deadline, enough = loop.time() + 240, outages() + more
    while outages() < enough:
        assert loop.time() < deadline
        await asyncio.sleep(0.05)


async def test_nothing_is_taken_while_it_is_away_and_nothing_is_lost(
    database: DatabaseServer,
    editor: AsyncEngine,
    writer: AsyncEngine,
    road: tuple[Road, AsyncEngine],
) -> None:
    rng = random.Random(1)
    name = await add_job(editor)
    log = [batch(name, [result(frame, rng)]) for frame in range(60)]
    await Harness(writer, log).drain()
    expected = await everything(writer)
    database.clear(*FILLED)
    way, engine = road
    harness = CountingHarness(engine, log)
    await harness.sink.step()
    way.close()
    sink = asyncio.create_task(harness.drain())
    await until_retried(1)
    taken = harness.taken
    await until_retried(RETRIES)
    assert harness.taken == taken <= 10
    way.is_open = True
    await sink
    assert await everything(writer) == expected
