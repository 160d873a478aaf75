"""Advice as the aggregator tells it: once, over restarts, with the clock only where it belongs."""

import numpy as np

from libs.crystallography.rates import Rows
from libs.messages import AdviceCleared, AdviceRaised, JobState, Message
from services.stats_aggregator.core import Aggregation
from services.stats_aggregator.partition import PartitionState
from tests.crystallography.advice.simulator import START_S, Experiment, Trouble, simulate
from tests.crystallography.rates.builders import JOB, batch, result
from tests.stats_aggregator.builders import arrived, ended, job

LOST = simulate(Experiment(seconds=60, troubles=[Trouble(start_s=30, values={"jet": 0.0})]))


def counting(rows: Rows, *facts: Message, told: tuple[Message, ...] = ()) -> Aggregation:
    core = Aggregation()
    core.advising.remember(m for m in told if isinstance(m, AdviceRaised | AdviceCleared))
    core.adopt(PartitionState(0))
    for fact in (job(), *facts):
        core.learn(fact)
    core.take(0, 0, batch([result(0, ts_us=START_S * 1_000_000)]))
    feed(core, rows)
    return core


def feed(core: Aggregation, rows: Rows) -> None:
    (statistics,) = core.partitions[0].statistics.values()
    statistics.upsert_rows(rows)


def clock(seconds: float) -> int:
    return int((START_S + seconds) * 1e6)


def test_a_lost_jet_is_told_once() -> None:
    core = counting(LOST)
    (raised,) = core.advice(clock(60))
    assert isinstance(raised, AdviceRaised)
    assert (raised.job, raised.cause) == (JOB, "no_jet")
    assert core.advice(clock(62)) == ()
    assert core.advising.active(JOB) == ("no_jet",)


def test_a_restarted_process_knows_what_was_told() -> None:
    told = counting(LOST).advice(clock(60))
    again = counting(LOST[:1500], told=told)
    assert again.advice(clock(100)) == ()
    assert again.advising.active(JOB) == ("no_jet",)
    feed(again, LOST)
    assert again.advice(clock(110)) == ()


def test_a_job_is_looked_at_once_a_second() -> None:
    core = counting(LOST[:600])
    assert core.advice(clock(20)) == ()
    feed(core, LOST)
    assert core.advice(clock(20.9)) == ()
    assert len(core.advice(clock(21))) == 1


def test_results_behind_a_hole_wait_for_it() -> None:
    is_lost = LOST["ts_us"] >= (START_S + 30) * 1_000_000
    some = is_lost & (np.random.default_rng(1).random(len(LOST)) < 0.9)
    core = counting(LOST[~is_lost | some], arrived(len(LOST) + 1))
    assert core.advice(clock(60)) == ()
    feed(core, LOST)
    assert [m.cause for m in core.advice(clock(61))] == ["no_jet"]


def test_an_open_run_that_falls_silent_misses_data_until_it_ends() -> None:
    core = counting(LOST[:800], arrived(801))
    assert core.advice(clock(27)) == ()
    assert core.advice(clock(36)) == ()
    (raised,) = core.advice(clock(37.1))
    assert raised.cause == "data_missing"
    assert core.advice(clock(60)) == ()
    core.learn(ended(801))
    (cleared,) = core.advice(clock(62))
    assert isinstance(cleared, AdviceCleared)
    assert cleared.since_us == raised.since_us


def test_silence_that_was_real_stays_in_the_history() -> None:
    core = counting(LOST[:600], arrived(1401))
    feed(core, _as_frames(LOST[:600], 1400))
    core.advice(clock(20))
    (raised,) = core.advice(clock(40))
    feed(core, LOST[1200:])
    later = core.advice(clock(50))
    (cleared,) = [m for m in later if m.cause == "data_missing"]
    assert isinstance(cleared, AdviceCleared)
    assert cleared.since_us == raised.since_us < cleared.cleared_us


def test_a_backlog_is_told_and_cleared_by_the_clock() -> None:
    core = counting(LOST[:600], arrived(2000))
    assert core.advice(clock(20)) == ()
    assert core.advice(clock(25)) == ()
    (raised,) = core.advice(clock(31))
    assert isinstance(raised, AdviceRaised)
    assert raised.cause == "processing_lags"
    assert raised.evidence[0].startswith("1399 frames wait")
    assert core.advice(clock(40)) == ()
    feed(core, _as_frames(LOST[:600], 1999))
    (cleared,) = [m for m in core.advice(clock(45)) if m.cause == "processing_lags"]
    assert isinstance(cleared, AdviceCleared)


def test_what_held_to_the_end_ends_with_its_run() -> None:
    core = counting(LOST, arrived(len(LOST) + 1))
    (raised,) = core.advice(clock(60))
    core.learn(ended(len(LOST) + 1))
    (cleared,) = core.advice(clock(62))
    assert isinstance(cleared, AdviceCleared)
    assert (cleared.cause, cleared.since_us) == (raised.cause, raised.since_us)
    assert (cleared.because, cleared.cleared_us) == ("run_ended", clock(60))
    assert core.advising.active(JOB) == ()
    assert core.advice(clock(64)) == ()
    again = counting(LOST, ended(len(LOST) + 1), told=(raised, cleared))
    assert again.advice(clock(100)) == ()


def test_a_run_is_not_over_while_frames_wait() -> None:
    core = counting(LOST, arrived(len(LOST) + 2), ended(len(LOST) + 2))
    assert [type(m) for m in core.advice(clock(60))] == [AdviceRaised]
    feed(core, _as_frames(LOST[-1:], len(LOST) + 2)[-1:])
    assert [type(m) for m in core.advice(clock(62))] == [AdviceCleared]


def test_a_cure_and_a_correction_say_what_they_are() -> None:
    back = Trouble(start_s=30, end_s=40, values={"jet": 0.0})
    cured = simulate(Experiment(seconds=60, troubles=[back]))
    (raised, cleared) = counting(cured).advice(clock(60))
    assert isinstance(cleared, AdviceCleared)
    assert cleared.because == "cured"
    core = counting(simulate(Experiment(seconds=60)), told=(raised,))
    (withdrawn,) = core.advice(clock(60))
    assert isinstance(withdrawn, AdviceCleared)
    assert withdrawn.because == "withdrawn"


def test_nothing_holds_for_a_stopped_job_until_it_goes_on() -> None:
    core = counting(LOST, arrived(len(LOST) + 900))
    assert [m.cause for m in core.advice(clock(60))] == ["no_jet"]
    core.learn(job(state=JobState.STOPPED))
    assert [type(m) for m in core.advice(clock(62))] == [AdviceCleared]
    core.learn(job(state=JobState.ACTIVE))
    assert [m.cause for m in core.advice(clock(64))] == ["no_jet"]
    assert core.advising.active(JOB) == ("no_jet",)


def test_nothing_is_told_of_a_deleted_job() -> None:
    core = counting(LOST)
    core.learn(job(state=JobState.DELETED))
    core.deletions()
    assert core.advice(clock(60)) == ()
    assert core.advising.active(JOB) == ()


def _as_frames(rows: Rows, n: int) -> Rows:
    """n frames within the time of these."""
    more = np.resize(rows, n)
    more["frame"] = np.arange(1, n + 1)
    more["ts_us"] = np.sort(more["ts_us"])
    return more
