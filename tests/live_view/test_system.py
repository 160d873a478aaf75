"""The server on real Kafka, MariaDB, dispatcher, sink and aggregator: restarts and outages."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from os import environ
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from libs.crystallography.rates import JobStatistics
from libs.crystallography.resolution import shell_edges
from libs.local_stack import ROOT, LocalStack
from libs.messages import (
    FrameNumber,
    FramesArrived,
    FrameSpan,
    FramesProcessed,
    Lane,
    Message,
    RunEnded,
    RunStarted,
    TimestampSource,
    run_id,
)
from libs.streams import KafkaSink
from tests.conftest import StackFactory
from tests.crystallography.rates.builders import START_US, batch, lattice, result, shells
from tests.live_view.builders import Answer

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
RUN = run_id("systest", "jet", "r0009", 1)
SEED = Path(__file__).parents[1] / "system" / "seed.toml"
N = 600
PATIENCE_S = 240.0


class Served:
    """The API of a running stack."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self._url = stack.addresses()["page"].rstrip("/")

    def read(self, path: str) -> bytes:
        with urllib.request.urlopen(self._url + path, timeout=60) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def json(self, path: str) -> Any:
        return json.loads(self.read(path))

    def frames(self, number: int, since: int = 0) -> Answer:
        return Answer(self.read(f"/api/jobs/{number}/frames?since={since}"))

    def publish(self, *messages: Message) -> None:
        async def publish() -> None:
            async with KafkaSink(self.stack.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]) as sink:
                await sink.publish(messages)

        asyncio.run(publish())


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, with a deadline; what cannot be reached yet is not there yet."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if condition():
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError, IndexError, ValueError):
            pass
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def served(stack: StackFactory) -> Iterator[Served]:
    made = stack(
        services=["job_dispatcher", "database_sink", "stats_aggregator", "live_view"],
        infrastructure=["kafka", "mariadb"],
    )
    subprocess.run(
        [sys.executable, "-m", "libs.command_line", "trial", "seed", str(SEED)],
        cwd=ROOT, env={**environ, **made.env("editor")}, check=True,
    )  # fmt: skip
    yield Served(made)
    made.down()


def run_facts() -> list[Message]:
    span = FrameSpan(
        file="/data/a.h5", first_index=0, first_frame=FrameNumber(0), count=N, written_us=START_US
    )
    return [
        RunStarted(
            run=RUN, experiment="systest", source="jet", number="r0009", version=1, path="/data",
            started_us=START_US, started_source=TimestampSource.FILE_TIME, announced_us=START_US,
        ),
        FramesArrived(run=RUN, sequence=0, spans=(span,), announced_us=START_US),
    ]  # fmt: skip


def messages_of(job: dict[str, Any], first: int, end: int) -> list[FramesProcessed]:
    """Results in the job's own lane."""
    table = shells([9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5])
    frames = [
        result(
            i,
            n_strong=i % 90,
            solvent_ratio=0.5 + (i % 10) / 10,
            lattices=(lattice(table),) * (i % 4 == 0),
            d_min_contiguous=2.2 if i % 4 == 0 else None,
        )
        for i in range(first, end)
    ]
    return [
        batch(
            frames[at : at + 20],
            job=job["job"],
            run=RUN,
            file="/data/a.h5",
            lane=Lane(job["lane"]),
        )
        for at in range(0, len(frames), 20)
    ]


@pytest.fixture(scope="module")
def job(served: Served) -> dict[str, Any]:
    """The job that the dispatcher made for the run."""
    served.publish(*run_facts())
    until(lambda: bool(served.json("/api/jobs")["jobs"]), "a job on the page")
    (listed,) = served.json("/api/jobs")["jobs"]
    assert (listed["run"], listed["open"], listed["cutoffs"]["hit"]) == (RUN, True, 40)
    (lane,) = served.json(f"/api/jobs/{listed['id']}/lanes")["lanes"]
    return dict(listed) | {"lane": lane}


def test_frames_come_live_and_survive_a_kill_and_a_database_outage(
    served: Served, job: dict[str, Any]
) -> None:
    number, first = job["id"], messages_of(job, 0, 200)
    served.publish(*first)
    until(lambda: served.frames(number).total == 200, "200 frames")
    revision = served.frames(number).revision

    served.stack.kill("live_view")
    until(lambda: served.frames(number).total == 200, "200 frames after the restart")
    again = served.frames(number, revision)
    assert again.full
    assert again.revision > revision
    assert again.frames == list(range(200))

    served.stack.stop("mariadb")
    served.publish(*messages_of(job, 200, 400), *first)
    until(lambda: served.frames(number).total == 400, "400 frames without the database")
    until(lambda: not served.json("/api/health")["database"], "word of the outage")
    served.stack.start("mariadb")
    until(lambda: served.json("/api/health")["ok"], "the database again")

    served.publish(
        *messages_of(job, 400, N),
        RunEnded(run=RUN, n_frames=N, reason="status file", announced_us=START_US),
    )
    until(lambda: served.frames(number).total == N, "all frames")
    assert served.frames(number).frames == list(range(N))


def test_rates_on_the_page_are_those_of_the_frames(served: Served, job: dict[str, Any]) -> None:
    def final() -> dict[str, Any]:
        (rates,) = served.json("/api/rates")
        return dict(rates)

    until(lambda: not final()["preliminary"], "final rates")
    expected = JobStatistics()
    for message in messages_of(job, 0, N):
        expected.upsert(message)
    shown, bar = final()["summary"], expected.summary()
    names = [name for name in bar.__struct_fields__ if name.startswith("n_")]
    assert {name: shown[name] for name in names} == {name: getattr(bar, name) for name in names}
    assert shown["rates"]["hit"]["low"] == bar.rates.hit.low

    def listed() -> tuple[bool, int]:
        (row,) = served.json("/api/jobs")["jobs"]
        return row["open"], row["n_announced"]

    until(lambda: listed() == (False, N), "the run's end in the database")


def test_one_frame_is_shown_with_all_that_is_stored(served: Served, job: dict[str, Any]) -> None:
    frame: dict[str, Any] = {}

    def is_stored() -> bool:
        frame.update(served.json(f"/api/jobs/{job['id']}/frame/4"))
        return True

    until(is_stored, "frame 4 in the database")
    assert (frame["frame"], frame["file"], frame["n_strong"]) == (4, "/data/a.h5", 4)
    assert frame["lattices"][0]["shells"]["mean"][:3] == [9.0, 8.0, 7.0]


def test_another_i_sigi_cutoff_after_the_fact(served: Served, job: dict[str, Any]) -> None:
    raw = served.read(f"/api/jobs/{job['id']}/frames?since=0&i_sigi=8.5")
    strict = Answer(raw).columns["d_min_contiguous"]
    assert np.isnan(strict[1])
    assert strict[4] == pytest.approx(float(shell_edges(2.0)[0]), rel=1e-6)


def test_two_lanes_of_a_run_are_compared(served: Served, job: dict[str, Any]) -> None:
    other = [
        msgspec.structs.replace(message, lane=Lane.EXTERNAL, frames=message.frames[:-1])
        for message in messages_of(job, 0, N)
    ]
    served.publish(*other)
    address = f"/api/compare?first={job['id']}&second={job['id']}@external"
    n_other = N - len(other)
    until(lambda: served.json(address)["n_compared"] == n_other, "the other lane's frames")
    found = served.json(address)
    assert (found["agreement"], found["n_only_first"]) == (1.0, len(other))
    assert found["cell_percent"][0] == {"n": N // 4, "median": 0.0, "low": 0.0, "high": 0.0}
    lanes = served.json(f"/api/jobs/{job['id']}/lanes")["lanes"]
    assert lanes == [job["lane"], "external"]
