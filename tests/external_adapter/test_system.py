"""The adapter as a process on a real broker: lines, chunks and messages become rates; kill -9."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs import messages as m
from libs.local_stack import ROOT
from libs.messages.topics import CHECKPOINTS, FRAMES
from libs.streams import KafkaSink, read_whole
from tests.external_adapter.builders import NOW, job, started
from tests.external_adapter.harness import append, line
from tests.external_adapter.test_files import STREAM
from tests.external_results.test_jungfraujoch import CELL
from tests.stats_aggregator.process import AggregatorProcess, until, until_final
from tests.streams.readable import readable

pytestmark = pytest.mark.system
FOREIGN = "jfjoch.images"
SOURCES = """
[[sources]]
name = "lines"
experiment = "ext"
folder = "lines"

[[sources]]
name = "crystfel"
experiment = "ext"
format = "crystfel"
folder = "streams"
announce_runs = true

[[sources]]
name = "topic"
experiment = "ext"
topic = "jfjoch.images"
period_s = 0.01
"""
INDEXED = line(50, index=1, spots=120, res=2.0)[:-2] + b", " + CELL + b"}\n"


def run_of(source: str) -> m.RunId:
    return m.run_id("ext", source, "7", 1)


def job_of(source: str) -> m.JobChanged:
    run = run_of(source)
    return job(job=m.job_id(run, 1, 1), run=run, experiment="ext")


@contextmanager
def adapter(kafka: str, folder: Path) -> Iterator[None]:
    env = os.environ | {
        "STILLSTREAM_KAFKA__BOOTSTRAP": kafka,
        "STILLSTREAM_SOURCES_FILE": str(folder / "external.toml"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services.external_adapter"], cwd=ROOT, env=env
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(30)


async def results(kafka: str, run: m.RunId) -> list[int]:
    found = readable(await read_whole(kafka, FRAMES))
    mine = [b for b in found if isinstance(b, m.FramesProcessed) and b.run == run]
    assert {b.lane for b in mine} <= {m.Lane.EXTERNAL}
    return [f.frame for b in mine for f in b.frames]


async def send(kafka: str, values: list[bytes]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(FOREIGN, 2, 1)])
    await admin.close()
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=kafka) as out:
        for value in values:
            await out.send_and_wait(FOREIGN, value)


async def test_from_every_kind_of_source_to_rates(kafka: str, tmp_path: Path) -> None:
    (tmp_path / "external.toml").write_text(SOURCES)
    for name in ("lines", "streams"):
        (tmp_path / name).mkdir()
    await send(kafka, [line(i, run="7") for i in range(40)] + [b"rubbish"])
    jobs = [job_of(name) for name in ("lines", "crystfel", "topic")]
    ended = [m.RunEnded(run=j.run, n_frames=0, reason="", announced_us=NOW) for j in jobs]
    async with KafkaSink(kafka) as out:
        await out.publish([started(run_of("lines")), started(run_of("topic")), *jobs])
    with AggregatorProcess(kafka, tmp_path):
        path = tmp_path / "lines/7.jsonl"
        append(path, b"".join(line(i) for i in range(50)) + INDEXED[:30])
        with adapter(kafka, tmp_path):
            await until(lambda: _has(kafka, "lines", 50), "the first half of the lines")
            await until(lambda: _noted(kafka, path), "the note of how far was read")
        append(path, INDEXED[30:] + b"\xff bad\n")
        append(path, b"".join(line(i) for i in range(51, 100)))
        append(tmp_path / "streams/7.stream", STREAM)
        with adapter(kafka, tmp_path):
            for name, n in (("lines", 100), ("crystfel", 2), ("topic", 40)):
                await until(lambda name=name, n=n: _has(kafka, name, n), f"{n} of {name}")
            async with KafkaSink(kafka) as out:
                await out.publish(ended)
            rates = await until_final(kafka, [j.job for j in jobs])
    bars = {j.run.split("/")[1]: rates[j.job].summary for j in jobs}
    assert {name: bar.n_processed for name, bar in bars.items()} == {
        "lines": 100,
        "crystfel": 2,
        "topic": 40,
    }
    assert (bars["lines"].n_indexed, bars["lines"].n_hits) == (1, 100)
    assert (bars["crystfel"].n_indexed, bars["crystfel"].n_multi_lattice) == (1, 1)
    # killed after its note: the next one goes on there, and says nothing twice
    assert len(await results(kafka, run_of("lines"))) == 100


async def _has(kafka: str, source: str, n: int) -> bool:
    return len(set(await results(kafka, run_of(source)))) >= n


async def _noted(kafka: str, path: Path) -> bool:
    found = readable(await read_whole(kafka, CHECKPOINTS))
    return any(isinstance(b, m.CheckpointSegment) and str(path) in b.segment for b in found)


async def test_a_pipe_into_a_job(kafka: str, tmp_path: Path) -> None:
    said = job_of("piped")
    async with KafkaSink(kafka) as out:
        await out.publish([started(run_of("piped")), said])

    def ingest(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "libs.command_line", "ingest", *arguments]
        return subprocess.run(
            [*command, "--bootstrap", kafka],
            cwd=ROOT,
            input=given,
            capture_output=True,
            check=False,
        )

    done = await asyncio.to_thread(
        ingest, "-", "--job", said.job, given=line(0) + b"no\n" + line(1).strip()
    )
    assert (done.returncode, done.stdout.decode().split()[:2]) == (1, ["2", "results"])
    (tmp_path / "a.stream").write_bytes(STREAM)
    options = ("--job", said.job, "--first-frame", "10", "--follow", "0.2")
    done = await asyncio.to_thread(ingest, str(tmp_path / "a.stream"), *options)
    assert done.returncode == 0, done.stderr
    assert await results(kafka, run_of("piped")) == [0, 1, 10, 11]
    done = await asyncio.to_thread(ingest, "-", "--job", "nobody")
    assert b"no job nobody" in done.stderr
