"""What is told: each episode once, whatever was restarted in between."""

from libs.crystallography.advice import Adviser
from libs.crystallography.advice.news import FOREVER, News, Record
from libs.messages import AdviceCleared, AdviceRaised
from tests.crystallography.advice.simulator import START_S, Experiment, Trouble, simulate
from tests.crystallography.advice.test_causes import JOB, advised

TROUBLES = [
    Trouble(start_s=60, end_s=90, values={"jet": 0.0}),
    Trouble(start_s=130, values={"indexable": 0.05}),
]
ROWS = simulate(Experiment(seconds=200, hz=20, troubles=TROUBLES))
ADVISER = advised(ROWS)


def news(record: Record, adviser: Adviser, until_s: float) -> News:
    until_us = int((START_S + until_s) * 1e6)
    return record.news(adviser.seen_at(until_us), until_us, lambda e: adviser.advice(JOB, e))


def test_each_episode_is_told_once() -> None:
    record = Record(JOB)
    told = [message for second in range(200) for message in news(record, ADVISER, second)]
    assert [(type(m), m.cause) for m in told] == [
        (AdviceRaised, "no_jet"),
        (AdviceCleared, "no_jet"),
        (AdviceRaised, "indexing_or_geometry_wrong"),
    ]
    assert [one.cause for one in record.in_force()] == ["indexing_or_geometry_wrong"]


def test_a_restart_repeats_nothing() -> None:
    record = Record(JOB)
    first = news(record, ADVISER, 80)
    again = Record(JOB)
    for message in first:
        again.remember(message)
    assert news(again, ADVISER, 80) == ()
    assert news(again, ADVISER, 40) == ()  # the new process has not caught up
    assert [type(m) for m in news(again, ADVISER, 110)] == [AdviceCleared]


def test_what_was_missed_is_told_in_order() -> None:
    told = news(Record(JOB), ADVISER, 199)
    assert [type(m) for m in told] == [AdviceRaised, AdviceCleared, AdviceRaised]


def test_better_results_take_back_what_they_contradict() -> None:
    record = Record(JOB)
    worse = ROWS.copy()
    later = ROWS["ts_us"] > (START_S + 30) * 1e6
    worse["solvent_ratio"][later], worse["n_strong"][later] = 0.5, 0
    (raised,) = news(record, advised(worse), 50)
    assert raised.cause == "no_jet"
    (taken_back,) = news(record, ADVISER, 55)
    assert isinstance(taken_back, AdviceCleared)
    assert taken_back.cleared_us == taken_back.since_us == raised.since_us


def test_the_end_of_all_frames_clears_what_they_do_not_show() -> None:
    record = Record(JOB)
    silence = ADVISER.silence()
    until_us = (START_S + 200) * 1_000_000
    told = record.news(
        [*ADVISER.seen_at(until_us), *silence], until_us, lambda e: ADVISER.advice(JOB, e)
    )
    assert [m.cause for m in told][-1] == "data_missing"
    assert news(record, ADVISER, 200) == ()
    (cleared,) = record.news(ADVISER.seen_at(FOREVER), FOREVER, lambda e: ADVISER.advice(JOB, e))
    assert isinstance(cleared, AdviceCleared)
