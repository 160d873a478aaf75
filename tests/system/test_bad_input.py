"""Bad files and bad messages cost exactly their own frame or message, and are seen."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from aiokafka import AIOKafkaProducer

from libs.local_stack import ROOT
from libs.messages import MessageRejected
from libs.messages.codec import tag_of
from libs.messages.topics import CHECKPOINTS, DEAD_LETTERS, MERGING, REFLECTIONS, TOPICS, Topic
from libs.streams import decode_record, read_whole
from tests.contracts.hostile_wire import hostile_payloads
from tests.messages.examples import EXAMPLES
from tests.system.beamtime import Beamtime, put, wait_for

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
CSPAD = ROOT / "tests" / "data" / "thermolysin_cspad"
GOOD = sorted(CSPAD.glob("*.cbf"))
UNREAD = (REFLECTIONS, MERGING, DEAD_LETTERS)
CONSUMED = tuple(topic for topic in TOPICS if topic not in UNREAD)
"""Every topic that a service reads."""
KEYS = {CHECKPOINTS.name: b"stats_aggregator/0"}
"""There the corpus comes after a good manifest under the manifest's own key."""


def outcomes(beamtime: Beamtime, source: str, number: str) -> dict[str, tuple[str, str]]:
    """File name to outcome and reason."""
    rows = beamtime.query(
        "SELECT file.path, frame.outcome, frame.reason FROM frame "
        "JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id "
        "JOIN file ON file.id = frame.file_id "
        "WHERE run.source = :source AND run.number = :number",
        source=source,
        number=number,
    )
    return {Path(r["path"]).name: (r["outcome"], r["reason"] or "") for r in rows}


def test_damaged_images_cost_their_own_frames(beamtime: Beamtime) -> None:
    run = beamtime.folder / "images" / "r0001"
    put(run, GOOD[0].name, GOOD[0].read_bytes())
    put(run, "idx-20130301060858500.cbf", b"")
    put(run, "idx-20130301060858600.cbf", GOOD[1].read_bytes()[:700_000])
    put(run, GOOD[1].name, GOOD[1].read_bytes())
    beamtime.complete("images", "r0001")
    found = outcomes(beamtime, "images", "r0001")
    assert found[GOOD[0].name][0] == found[GOOD[1].name][0] == "processed"
    for name, why in (("500", "empty"), ("600", "truncated")):
        outcome, reason = found[f"idx-20130301060858{name}.cbf"]
        assert outcome == "unreadable"
        assert why in reason
    assert len(found) == 4


def test_a_file_that_vanishes_costs_its_own_frame(beamtime: Beamtime) -> None:
    run = beamtime.folder / "images" / "r0002"
    beamtime.stack.stop("frame_processor")
    put(run, GOOD[0].name, GOOD[0].read_bytes())
    gone = put(run, "idx-20130301060858650.cbf", GOOD[1].read_bytes())
    put(run, GOOD[1].name, GOOD[1].read_bytes())
    wait_for("3 announced frames", lambda: announced(beamtime, "images", "r0002") == 3)
    gone.unlink()
    beamtime.stack.start("frame_processor")
    beamtime.complete("images", "r0002")
    found = outcomes(beamtime, "images", "r0002")
    assert found.pop(gone.name)[0] == "unreadable"
    assert [outcome for outcome, _ in found.values()] == ["processed"] * 2


def announced(beamtime: Beamtime, source: str, number: str) -> int:
    (row,) = beamtime.query(
        "SELECT COALESCE(SUM(run_arrival.n_frames), 0) AS n FROM run_arrival JOIN run "
        "ON run.id = run_arrival.run_id WHERE run.source = :source AND run.number = :number",
        source=source,
        number=number,
    )
    return int(row["n"])


def test_a_corrupt_chunk_costs_its_own_frame(beamtime: Beamtime) -> None:
    beamtime.stack.stop("run_discovery")
    beamtime.write(50, frames=6, scenario="mixed").join()
    damaged = 3
    _corrupt(next((beamtime.folder / "jet" / "r0050").glob("*.h5")), damaged)
    beamtime.stack.start("run_discovery")
    run = beamtime.complete("jet", "r0050")
    rows = beamtime.rows("jet", "r0050").frames
    assert [row[4] for row in rows] == [
        "unreadable" if row[0] == damaged else "processed" for row in rows
    ]
    assert (run.stored, run.counted) == (6, 5)


def _corrupt(path: Path, index: int) -> None:
    """Overwrite the middle of one image's compressed bytes."""
    with h5py.File(path, "r") as file:
        chunk = file["/entry/data/data"].id.get_chunk_info(index)
    with path.open("r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)


def test_hostile_messages_on_every_topic_are_kept_as_dead_letters(beamtime: Beamtime) -> None:
    bootstrap = beamtime.stack.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    sent = {topic.name: _hostile(topic) for topic in CONSUMED}
    asyncio.run(_send(bootstrap, sent))
    beamtime.stack.kill("stats_aggregator")  # checkpoints are read by a new process
    writer = beamtime.write(51, frames=4)
    writer.join()
    beamtime.complete("jet", "r0051")
    wait_for("all dead letters", _all_rejected(bootstrap, sent))
    wait_for(
        "every process", lambda: {s.state for s in beamtime.stack.states().values()} == {"running"}
    )


def _hostile(topic: Topic) -> list[bytes]:
    example = next(e for e in EXAMPLES if type(e) in topic.messages)
    payloads = hostile_payloads(example)
    return [p for name, p in payloads.items() if p is not None and name != "nil"] + [
        f"marker {tag_of(type(example))}".encode()
    ]


async def _send(bootstrap: str, sent: dict[str, list[bytes]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for topic, payloads in sent.items():
            for payload in payloads:
                await producer.send_and_wait(topic, payload, key=KEYS.get(topic, b"hostile"))


def _all_rejected(bootstrap: str, sent: dict[str, list[bytes]]) -> Callable[[], bool]:
    def check() -> bool:
        letters = [decode_record(r) for r in asyncio.run(read_whole(bootstrap, DEAD_LETTERS))]
        kept = {(m.topic, m.value) for m in letters if isinstance(m, MessageRejected)}
        return {(t, p) for t, payloads in sent.items() for p in payloads} <= kept

    return check
