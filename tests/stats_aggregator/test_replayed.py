"""A recorded shift gives the same rates and advice at any speed, to the last bit; what-if too."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from libs.command_line.__main__ import main
from libs.command_line.cutoff_options import AskedCutoffs
from libs.command_line.replay import paced, with_cutoffs
from libs.messages import AdviceCleared, AdviceRaised, FramesArrived, Message, RatesUpdated
from libs.messages.topics import FRAMES
from libs.streams import Record, RecordingWriter, read_recording
from libs.streams.fakes import FakeSink, records_of
from services.stats_aggregator.service import Aggregator
from tests.crystallography.advice.simulator import (
    START_S,
    Experiment,
    Trouble,
    results_of,
    simulate,
)
from tests.crystallography.rates.builders import batch
from tests.stats_aggregator.builders import MemoryStore, arrived, ended, job

TROUBLES = [
    Trouble(start_s=30, end_s=45, values={"jet": 0.0}),
    Trouble(start_s=70, values={"crystals": 3.2}),
]
RESULTS = results_of(
    simulate(Experiment(seconds=100, hz=20, troubles=TROUBLES, values={"unreadable": 0.0}))
)
PER_MESSAGE = 10
SPEEDS = (None, 1.0, 20.0)


def shift() -> Iterator[Message]:
    """Announced piece by piece, so that nothing lags; a few results come twice."""
    yield job()
    for number, start in enumerate(range(0, len(RESULTS), PER_MESSAGE)):
        frames = RESULTS[start : start + PER_MESSAGE]
        yield _announced(number, len(frames), start)
        yield batch(frames)
        if number % 7 == 3:
            yield batch(RESULTS[start - 15 : start])
    yield ended(len(RESULTS))


def _announced(number: int, count: int, first: int) -> FramesArrived:
    message = arrived(count, number)
    (span,) = message.spans
    moved = msgspec.structs.replace(span, first_frame=RESULTS[first].frame)
    return msgspec.structs.replace(message, spans=(moved,))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shift") / "shift.rec.gz"
    records = records_of(shift())
    with RecordingWriter(path) as writer:
        writer.write(
            replace(record, timestamp_ms=START_S * 1000 + 500 * (n // 2))
            for n, record in enumerate(records)
        )
    return path


class Clock:
    """Time goes where the replay sleeps."""

    def __init__(self) -> None:
        self.now_s = 5000.0

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def now_us(self) -> int:
        return START_S * 1_000_000 + int(self.now_s * 1e6)


async def replayed(records: Iterable[Record], speed: float | None) -> list[Message]:
    """What the aggregator publishes of a replay at this speed."""
    clock, sink = Clock(), FakeSink()
    aggregator = Aggregator(sink=sink, store=MemoryStore(), now_us=clock.now_us)
    await aggregator.hold(frozenset({0}))
    async for group in paced(records, speed, now_s=lambda: clock.now_s, sleep=clock.sleep):
        await feed(aggregator, group)
    await clock.sleep(2.0)
    await aggregator.publish()
    return sink.published


async def feed(aggregator: Aggregator, group: Sequence[Record]) -> None:
    await aggregator.learn(r for r in group if r.topic != FRAMES.name)
    for record in group:
        if record.topic == FRAMES.name:
            await aggregator.count(record)
    await aggregator.publish()


def rates(published: Sequence[Message]) -> tuple[object, ...]:
    last = [m for m in published if isinstance(m, RatesUpdated)][-1]
    assert not last.preliminary
    return last.summary, last.live, last.newest_ts_us, last.n_announced


def advice(published: Sequence[Message]) -> list[Message]:
    return [m for m in published if isinstance(m, AdviceRaised | AdviceCleared)]


async def test_the_same_rates_and_advice_at_any_speed(recording: Path) -> None:
    said = [await replayed(read_recording(recording), speed) for speed in SPEEDS]
    assert {type(m) for m in advice(said[0])} == {AdviceRaised, AdviceCleared}
    causes = [m.cause for m in advice(said[0]) if isinstance(m, AdviceRaised)]
    assert causes == ["no_jet", "too_dense"]
    for other in said[1:]:
        assert len(other) > len(said[0])  # it was told bit by bit
        assert rates(other) == rates(said[0])
        assert advice(other) == advice(said[0])


def offline(recording: Path, *options: str) -> dict[str, Any]:
    answer = CliRunner().invoke(main, ["rates", str(recording), "--json", *options])
    assert answer.exit_code == 0, answer.output
    content: dict[str, Any] = msgspec.json.decode(answer.stdout)
    return content


async def test_the_command_line_says_the_same_of_the_recording(recording: Path) -> None:
    said = await replayed(read_recording(recording), 20.0)
    found = offline(recording)
    (summary, live, *_) = rates(said)
    assert found["summary"] == msgspec.to_builtins(_full(summary))
    assert list(found["live"].values()) == [msgspec.to_builtins(_full(one)) for one in live]  # type: ignore[attr-defined]
    raised = [m for m in advice(said) if isinstance(m, AdviceRaised)]
    assert [one["cause"] for one in found["advice"]] == [m.cause for m in raised]
    for one, message in zip(found["advice"], raised, strict=True):
        assert one["evidence"] == list(message.evidence)
        assert (one["since_us"], one["raised_us"]) == (message.since_us, message.raised_us)


@pytest.mark.parametrize("speed", SPEEDS)
async def test_a_what_if_is_the_same_at_any_speed_and_offline(
    recording: Path, speed: float | None
) -> None:
    records = with_cutoffs(read_recording(recording), AskedCutoffs(hit=120))
    (summary, *_) = rates(await replayed(records, speed))
    expected = offline(recording, "--hit-cutoff", "120")["summary"]
    assert msgspec.to_builtins(_full(summary)) == expected
    assert expected["n_hits"] < offline(recording)["summary"]["n_hits"]


def _full(part: object) -> object:
    """With fields at their defaults, which the wire leaves out."""
    if isinstance(part, msgspec.Struct):
        return {name: _full(getattr(part, name)) for name in part.__struct_fields__}
    return part
