"""A foreign topic: results in order, messages without a job wait, bad ones cost themselves."""

import dataclasses

from libs import messages as m
from libs.streams import Record
from tests.external_adapter.builders import JOB, job, started
from tests.external_adapter.harness import Life, line, source
from tests.external_results.test_jungfraujoch import HOSTILE

TOPIC = "jfjoch.images"
SAID = source(topic=TOPIC)


def record(offset: int, value: bytes | None) -> Record:
    return Record(
        topic=TOPIC, partition=0, offset=offset, key=None, value=value, timestamp_ms=1_763_870_400
    )


def records(*values: bytes) -> list[Record]:
    return [record(offset, value) for offset, value in enumerate(values)]


async def test_messages_become_results_and_are_committed() -> None:
    here = Life(SAID)
    here.records.feed(records(line(0, run="13"), line(1, file_prefix="x", run="13")))
    await here.step(started(), job())
    assert here.frames() == [0, 1]
    assert here.records.committed == {(TOPIC, 0): 2}
    assert {b.job for b in here.results()} == {JOB}


async def test_what_waits_for_a_job_is_not_committed_and_blocks_nobody() -> None:
    here = Life(SAID)
    here.records.feed(records(line(0, run="13"), line(0, run="14"), line(1, run="13")))
    await here.step(started(), job())
    assert here.frames() == [0, 1]
    assert here.records.committed == {(TOPIC, 0): 1}
    other = m.run_id("mx2471", "jet-a", "14", 1)
    await here.step(started(other), job(run=other, job=m.job_id(other, 1, 1)))
    assert [b.run for b in here.results()][-1] == other
    assert here.records.committed == {(TOPIC, 0): 3}


async def test_a_whole_scan_is_one_message() -> None:
    here = Life(SAID)
    images = b",".join(line(i).strip() for i in range(250))
    here.records.feed(records(b'{"file_prefix": "13", "images": [' + images + b"]}"))
    await here.step(started(), job())
    assert here.frames() == list(range(250))
    assert [len(b.frames) for b in here.results()] == [100, 100, 50]


async def test_hostile_messages_cost_themselves_only() -> None:
    here = Life(SAID)
    values = [*HOSTILE, line(0).strip(), line(0, run="../etc"), line(5, run="13")]
    bad = records(*values)
    here.records.feed([*bad, dataclasses.replace(record(len(bad), None))])
    await here.step(started(), job())
    assert here.frames() == [5]
    assert len(here.letters()) == len(HOSTILE) + 3
    assert here.records.committed == {(TOPIC, 0): len(bad) + 1}
