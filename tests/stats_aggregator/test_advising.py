"""Advice as the aggregator tells it: once, over restarts, with the clock only where it belongs."""

from collections.abc import Sequence

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


N = len(LOST) + 1
"""Results of a run of LOST."""
ABANDONED = (arrived(N + 9), ended(N + 9))
TEN_MINUTES_LATER = 60 + 600
Said = list[tuple[str, str, str]]


def said(messages: Sequence[Message]) -> Said:
    """What was raised or cleared, and why."""
    return [
        (type(m).__name__[6:].lower(), m.cause, getattr(m, "because", ""))
        for m in messages
        if isinstance(m, AdviceRaised | AdviceCleared)
    ]


def test_an_ended_run_is_given_up_ten_minutes_after_its_last_result() -> None:
    core = counting(LOST, *ABANDONED)
    assert said(core.advice(clock(60))) == [("raised", "no_jet", "")]
    assert core.advice(clock(TEN_MINUTES_LATER - 1)) == ()
    news = core.advice(clock(TEN_MINUTES_LATER))
    assert said(news) == [
        ("cleared", "no_jet", "run_ended"),
        ("raised", "data_missing", ""),
        ("cleared", "data_missing", "run_ended"),
    ]
    assert isinstance(news[1], AdviceRaised)
    assert news[1].evidence[0].startswith(f"9 of {N + 9} announced frames have no result")
    assert {m.cleared_us for m in news if isinstance(m, AdviceCleared)} == {clock(60)}
    assert core.advising.active(JOB) == ()
    assert core.advice(clock(2 * TEN_MINUTES_LATER)) == ()


def test_what_is_said_of_a_given_up_run_does_not_depend_on_when() -> None:
    """A replay is counted in one go, years later: it tells the same messages."""
    live = counting(LOST[:900], *ABANDONED)
    news = live.advice(clock(30))
    feed(live, LOST)
    news += live.advice(clock(60)) + live.advice(clock(TEN_MINUTES_LATER))
    late = counting(LOST, *ABANDONED)
    later = late.advice(clock(10**8)) + late.advice(clock(10**8 + 600))
    endings = [m for m in news if isinstance(m, AdviceCleared) or m.cause == "data_missing"]
    assert endings
    assert endings == [
        m for m in later if isinstance(m, AdviceCleared) or m.cause == "data_missing"
    ]


def test_a_process_that_takes_over_does_not_say_it_again() -> None:
    first = counting(LOST, *ABANDONED)
    told = first.advice(clock(60)) + first.advice(clock(TEN_MINUTES_LATER))
    again = counting(LOST, *ABANDONED, told=told)
    assert again.advice(clock(700)) == ()
    assert again.advice(clock(1400)) == ()


def test_frames_that_come_after_all_take_it_back() -> None:
    core = counting(LOST, *ABANDONED)
    core.advice(clock(60))
    core.advice(clock(TEN_MINUTES_LATER))
    feed(core, _as_frames(LOST[-4:], N + 4)[-4:])
    news = core.advice(clock(700))
    assert ("cleared", "data_missing", "withdrawn") in said(news)
    assert ("raised", "no_jet", "") in said(news)
    assert core.advising.active(JOB) == ("no_jet",)
    feed(core, _as_frames(LOST[-10:], N + 9)[-10:])
    assert said(core.advice(clock(710))) == [("cleared", "no_jet", "run_ended")]
    whole = counting(LOST, *ABANDONED)
    feed(whole, _as_frames(LOST[-10:], N + 9)[-10:])
    assert said(whole.advice(clock(710)))[-1] == ("cleared", "no_jet", "run_ended")


def test_a_backlog_ends_with_its_run() -> None:
    core = counting(LOST[:600], arrived(2000))
    core.advice(clock(20))
    assert said(core.advice(clock(31))) == [("raised", "processing_lags", "")]
    core.learn(ended(2000))
    assert core.advice(clock(40)) == ()
    news = core.advice(clock(20 + 600))
    assert ("cleared", "processing_lags", "run_ended") in said(news)
    assert ("raised", "data_missing", "") in said(news)
    assert core.advising.active(JOB) == ()


def test_a_job_stays_awake_until_its_advice_has_ended() -> None:
    core = counting(LOST, *ABANDONED)
    core.updates(clock(60))
    core.advice(clock(60))
    core.partitions[0].checkpoint(clock(60))
    assert core.put_to_sleep(1, clock(100)) == ()
    core.advice(clock(TEN_MINUTES_LATER))
    assert core.put_to_sleep(1, clock(TEN_MINUTES_LATER + 1)) == (JOB,)


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
