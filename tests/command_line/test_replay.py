"""Replay without a broker: pace, cut-offs; and statistics of recordings."""

import json
from pathlib import Path

import msgspec
from click.testing import CliRunner

from libs.command_line.cutoff_options import AskedCutoffs
from libs.command_line.rates import command
from libs.command_line.replay import paced, with_cutoffs
from libs.crystallography.rates import JobStatistics, Rules
from libs.messages import Cutoffs, JobChanged, Lane, Message, Recipe
from libs.streams import Record, RecordingWriter, decode_record
from libs.streams.fakes import record_of, records_of
from tests.crystallography.rates.builders import JOB, batch, result
from tests.stats_aggregator.builders import job

FRAMES = [result(i, n_strong=3 * i, solvent_ratio=0.5 + i / 40) for i in range(40)]
STRICT = Recipe(phil="", d_min_angstrom=2.0, cutoffs=Cutoffs(hit=60, solvent=1.2))


def recording(path: Path, *messages: Message) -> str:
    with RecordingWriter(path) as writer:
        writer.write(records_of(messages))
    return str(path)


def rates(file: str, *options: str) -> dict[str, object]:
    answer = CliRunner().invoke(command, [file, "--json", *options])
    assert answer.exit_code == 0, answer.output
    content: dict[str, object] = json.loads(answer.stdout)["summary"]
    return content


def expected(rules: Rules) -> dict[str, object]:
    statistics = JobStatistics(rules)
    statistics.upsert(batch(FRAMES))
    summary: dict[str, object] = json.loads(msgspec.json.encode(statistics.summary()))
    return summary


def test_a_recording_knows_its_jobs_cut_offs(tmp_path: Path) -> None:
    messages = [batch(FRAMES[20:]), job(recipe=STRICT), batch(FRAMES[:20])]
    file = recording(tmp_path / "a.rec", *messages)
    found = rates(file)
    assert found["n_hits"] == expected(Rules(cutoffs=STRICT.cutoffs))["n_hits"] == 20
    assert found["n_solvent"] == expected(Rules(cutoffs=STRICT.cutoffs))["n_solvent"]
    assert rates(file, "--hit-cutoff", "30")["n_hits"] == 30


def test_only_the_jobs_lane_and_newest_attempt_count(tmp_path: Path) -> None:
    fast = Recipe(phil="", d_min_angstrom=2.0, lane=Lane.FAST)
    messages = [
        job(attempt=2, recipe=fast),
        batch(FRAMES[:10], lane=Lane.FAST, attempt=2),
        batch(FRAMES[10:], lane=Lane.FAST, attempt=1),
        batch(FRAMES, lane=Lane.DIALS, attempt=2),
    ]
    assert rates(recording(tmp_path / "a.rec", *messages))["n_processed"] == 10


def test_a_bad_record_costs_itself_and_the_exit_status(tmp_path: Path) -> None:
    bad = msgspec.structs.replace(FRAMES[0], ts_us=2**60)
    path = tmp_path / "a.rec.gz"
    with RecordingWriter(path) as writer:
        good = record_of(batch(FRAMES))
        broken = Record(topic=good.topic, partition=0, offset=1, key=b"", value=b"no message")
        writer.write([good, broken, record_of(batch([bad]))])
    answer = CliRunner().invoke(command, [str(path), "--json"])
    assert answer.exit_code == 1
    assert "a.rec.gz, record 2: " in answer.stderr
    assert "a.rec.gz, record 3: " in answer.stderr
    assert json.loads(answer.stdout)["summary"]["n_processed"] == 40


def test_advice_of_a_recording(tmp_path: Path) -> None:
    answer = CliRunner().invoke(command, [recording(tmp_path / "a.rec", batch(FRAMES)), "--json"])
    content = json.loads(answer.stdout)
    assert content["advice"] == []
    assert content["crystals_per_shot"]["clumping"] == "unknown"


def test_replayed_jobs_carry_other_cut_offs() -> None:
    records = records_of([job(), batch(FRAMES)])
    assert list(with_cutoffs(records, AskedCutoffs())) == records
    changed = list(with_cutoffs(records, AskedCutoffs(hit=12, i_sigi=2.0)))
    message = decode_record(changed[0])
    assert isinstance(message, JobChanged)
    assert message.job == JOB
    assert message.recipe.cutoffs == Cutoffs(hit=12, i_sigi=2.0)
    assert changed[1] == records[1]
    bad = Record(topic=records[0].topic, partition=0, offset=0, key=b"", value=b"?")
    assert list(with_cutoffs([bad], AskedCutoffs(hit=1))) == [bad]


async def test_the_pace_of_a_replay() -> None:
    clock, naps = [100.0], []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    stamps = [5000, 5000, 4000, 7000, 7001]
    records = [
        Record(topic="t", partition=0, offset=i, key=None, value=b"", timestamp_ms=ms)
        for i, ms in enumerate(stamps)
    ]
    groups = [g async for g in paced(records, 2.0, now_s=lambda: clock[0], sleep=sleep)]
    assert [[r.offset for r in group] for group in groups] == [[0, 1, 2], [3], [4]]
    assert naps[0] == 1.0
    at_once = [g async for g in paced(records, None, now_s=lambda: clock[0], sleep=sleep)]
    assert len(at_once) == 1
