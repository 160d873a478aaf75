"""Advice on real Kafka: raised once over kills; a recorded shift replays to the same numbers."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from libs.command_line.__main__ import main
from libs.crystallography.advice import Cause
from libs.messages import AdviceCleared, AdviceRaised, RatesUpdated
from libs.messages.topics import ADVICE
from libs.streams import KafkaSink, decode_record, read_whole
from tests.crystallography.advice.simulator import Experiment, Trouble, results_of, simulate
from tests.crystallography.rates.builders import JOB, batch
from tests.stats_aggregator.builders import arrived, ended, job
from tests.stats_aggregator.process import AggregatorProcess, all_rates, until, until_final

pytestmark = pytest.mark.system
LOST = Trouble(start_s=40, end_s=70, values={"jet": 0.0})
ROWS = simulate(Experiment(seconds=90, hz=20, troubles=[LOST], values={"unreadable": 0.0}))
RESULTS = results_of(ROWS)
MESSAGES = [batch(RESULTS[start : start + 30]) for start in range(0, len(RESULTS), 30)]


async def told(broker: str) -> list[AdviceRaised | AdviceCleared]:
    """Without "processing lags", which is a fact of the clock."""
    messages = [decode_record(record) for record in await read_whole(broker, ADVICE)]
    advice = [m for m in messages if isinstance(m, AdviceRaised | AdviceCleared)]
    return [m for m in advice if m.cause != Cause.LAG]


async def has_told(broker: str, count: int) -> bool:
    return len(await told(broker)) >= count


async def shows_no_jet(service: AggregatorProcess) -> bool:
    return service.metric('stillstream_advice_active{cause="no_jet"}') == 1


async def counted(broker: str, n_frames: int) -> bool:
    rates = await all_rates(broker, JOB)
    return bool(rates) and rates[-1].summary.n_processed == n_frames


async def test_raised_once_whatever_is_killed(stack: object, tmp_path: Path) -> None:
    made = stack(services=[], infrastructure=["kafka"])  # type: ignore[operator]
    broker = made.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    async with KafkaSink(broker) as sink:
        await sink.publish([job(), arrived(len(ROWS))])
        await sink.publish(MESSAGES[:38])  # 57 s
        with AggregatorProcess(broker, tmp_path) as service:
            await until(lambda: has_told(broker, 1), "advice of the lost jet")
            await until(lambda: shows_no_jet(service), "the same in the metrics")
            service.kill()
            service.start()
            await sink.publish(MESSAGES[38:40])
            await until(lambda: counted(broker, 40 * 30), "frames after the restart")
            service.kill()
            service.start()
            await sink.publish(MESSAGES[40:])
            await sink.publish([ended(len(ROWS))])
            await until(lambda: has_told(broker, 2), "the jet came back")
            final = (await until_final(broker, [JOB]))[JOB]
    raised, cleared = await told(broker)
    assert isinstance(raised, AdviceRaised)
    assert isinstance(cleared, AdviceCleared)
    assert raised.cause == cleared.cause == "no_jet"
    assert raised.since_us == cleared.since_us
    await _replayed(stack, broker, tmp_path, final, raised)
    made.down()


async def _replayed(
    stack: object, broker: str, folder: Path, final: RatesUpdated, raised: AdviceRaised
) -> None:
    file = str(folder / "shift.rec.gz")
    await _command("record", file, "--bootstrap", broker)
    answer = await _command("rates", file, "--json")
    content = msgspec.json.decode(answer)
    assert msgspec.convert(content["summary"], type(final.summary)) == final.summary
    assert content["advice"][0]["since_us"] == raised.since_us
    made = stack(services=[], infrastructure=["kafka"])  # type: ignore[operator]
    other = made.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    await _command("replay", file, "--bootstrap", other)
    with AggregatorProcess(other, folder):
        again = (await until_final(other, [JOB]))[JOB]
        assert (again.summary, again.live) == (final.summary, final.live)
        await until(lambda: has_told(other, 2), "the same advice")
        assert [m.cause for m in await told(other)] == ["no_jet", "no_jet"]
        await _command("replay", file, "--bootstrap", other, "--hit-cutoff", "100")
        await until(lambda: _has_other_hits(other, final.summary.n_hits), "the what-if")
    made.down()


async def _has_other_hits(broker: str, n_hits: int) -> bool:
    return (await all_rates(broker, JOB))[-1].summary.n_hits < n_hits


async def _command(*arguments: str) -> str:
    """In a thread, since commands run an event loop of their own."""
    result = await asyncio.to_thread(CliRunner().invoke, main, list(arguments))
    assert result.exit_code == 0, result.output
    return str(result.stdout)
