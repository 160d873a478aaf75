"""The dispatcher as a process on a real broker: killed, started again, nothing lost."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue import find_job, in_transaction
from libs.local_stack import ROOT
from libs.messages.topics import JOBS, WORK_LIVE_DIALS
from libs.streams import KafkaSink, read_whole
from services.job_dispatcher.core import CHUNKS_PER_ARRIVAL
from services.job_dispatcher.fractions import fraction_at
from tests.catalogue.builders import add_trial, arrived, started
from tests.database_server import DatabaseServer
from tests.job_dispatcher.test_live_sampling import finished_late
from tests.streams.readable import readable

pytestmark = pytest.mark.system
DEADLINE_S = 240.0
RUN = m.run_id("dispatched", "jet-a", "1", 1)


@contextmanager
def dispatcher(kafka: str, database: DatabaseServer) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.job_dispatcher"],
        cwd=ROOT,
        env=os.environ | database.env("editor") | {"STILLSTREAM_KAFKA__BOOTSTRAP": kafka},
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(30)


async def chunks(kafka: str) -> list[m.FramesToProcess]:
    found = readable(await read_whole(kafka, WORK_LIVE_DIALS))
    return [c for c in found if isinstance(c, m.FramesToProcess) and c.run == RUN]


async def wait_for(kafka: str, frames: int) -> list[m.FramesToProcess]:
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        found = await chunks(kafka)
        if (
            len({s.first_frame + i for c in found for s in c.spans for i in range(s.count)})
            >= frames
        ):
            return found
        assert asyncio.get_running_loop().time() < deadline, f"{len(found)} chunks only"


async def test_killed_twice_every_frame_is_sent_once_noted(
    kafka: str, database: DatabaseServer, editor: AsyncEngine
) -> None:
    await add_trial(editor)
    async with KafkaSink(kafka) as out:
        await out.publish([started(RUN), *(arrived(i, run=RUN) for i in range(5))])
        with dispatcher(kafka, database):
            await wait_for(kafka, 1)
        await out.publish([arrived(i, run=RUN) for i in range(5, 10)])
        with dispatcher(kafka, database):
            await wait_for(kafka, 60)
        with dispatcher(kafka, database):
            await out.publish([arrived(10, run=RUN)])
            found = await wait_for(kafka, 110)
    ids = [c.chunk for c in found]
    assert len(set(ids)) == 11 * 3
    assert len(ids) <= (5 + 10 + 11) * 3  # killed each time before anything was noted
    jobs = readable(await read_whole(kafka, JOBS))
    assert m.job_id(RUN, 1, 1) in {job.job for job in jobs if isinstance(job, m.JobChanged)}


async def test_late_results_on_a_real_broker_lower_the_fraction(
    kafka: str, database: DatabaseServer, editor: AsyncEngine
) -> None:
    """Only here: the dispatcher follows the results from their end, in a group of its own."""
    run = m.run_id("overloaded", "jet-a", "1", 1)
    await add_trial(editor)
    async with KafkaSink(kafka) as out:
        await out.publish([started(run)])
        with dispatcher(kafka, database):
            deadline = asyncio.get_running_loop().time() + DEADLINE_S
            sequence = 0
            while not (sampled := await below_one(kafka, run)):
                assert asyncio.get_running_loop().time() < deadline, f"{sequence} sent whole"
                await out.publish([arrived(sequence, run=run)])
                late = finished_late(m.job_id(run, 1, 1), sequence, waited_s=2.0 + 0.2 * sequence)
                await out.publish([late])
                sequence += 1
    record = await in_transaction(editor, lambda c: find_job(c, m.job_id(run, 1, 1)))
    durable = {fraction_at(record.index_fractions, c.chunk // CHUNKS_PER_ARRIVAL) for c in sampled}
    assert {c.index_fraction for c in sampled} == durable


async def below_one(kafka: str, run: m.RunId) -> list[m.FramesToProcess]:
    found = readable(await read_whole(kafka, WORK_LIVE_DIALS))
    mine = [c for c in found if isinstance(c, m.FramesToProcess) and c.run == run]
    return [c for c in mine if c.index_fraction < 1.0]
