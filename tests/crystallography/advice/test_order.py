"""Advice depends on the frames, not on how they came."""

import numpy as np
import pytest

from libs.crystallography.advice import Adviser
from libs.crystallography.rates import JobStatistics, Rows, Rules
from libs.messages import Cutoffs
from tests.crystallography.advice.simulator import Experiment, Trouble, simulate
from tests.crystallography.advice.test_causes import JOB, advised

EXPERIMENT = Experiment(
    seconds=240,
    hz=20,
    troubles=[
        Trouble(start_s=60, end_s=90, values={"jet": 0.0}),
        Trouble(start_s=130, end_s=200, values={"offset_px": 1.5}),
        Trouble(start_s=150, end_s=170, values={"unreadable": 0.5}),
    ],
)
ROWS = simulate(EXPERIMENT)


def messages(adviser: Adviser) -> list[object]:
    return [(e, adviser.advice(JOB, e)) for e in adviser.episodes]


def fed(batches: list[Rows]) -> Adviser:
    statistics, adviser = JobStatistics(), Adviser()
    for batch in batches:
        statistics.upsert_rows(batch)
        adviser.update(statistics)
    return adviser


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_split_gives_the_same_advice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # late by up to `delay` frames, duplicates included
    delay = (1, 30, 300, 3000, 10**6)[seed]
    late = np.argsort(np.arange(len(ROWS)) + rng.uniform(0, delay, len(ROWS)))
    rows = ROWS[np.concatenate([late, rng.choice(late, 200)])]
    cuts = np.sort(rng.integers(0, len(rows), 40))
    adviser = fed(np.split(rows, cuts))
    assert len(adviser.episodes) == 3
    assert messages(adviser) == messages(advised(ROWS))


def test_a_better_result_moves_its_frame_in_time() -> None:
    early = ROWS.copy()
    early["ts_us"][:1000] += 500_000_000
    early["precedence"] -= 1
    assert messages(fed([early, ROWS])) == messages(advised(ROWS))


def test_other_cut_offs_are_judged_anew() -> None:
    statistics, adviser = JobStatistics(), Adviser()
    statistics.upsert_rows(ROWS)
    adviser.update(statistics)
    statistics.set_rules(Rules(cutoffs=Cutoffs(hit=150)))
    adviser.update(statistics)
    fresh_statistics, fresh = JobStatistics(Rules(cutoffs=Cutoffs(hit=150))), Adviser()
    fresh_statistics.upsert_rows(ROWS)
    fresh.update(fresh_statistics)
    assert "too_dilute" in {e.cause.value for e in adviser.episodes}
    assert messages(adviser) == messages(fresh)


def test_nothing_is_known_before_its_time() -> None:
    adviser = advised(ROWS)
    first = adviser.episodes[0]
    assert first.cleared_us is not None
    assert adviser.seen_at(first.raised_us - 1) == ()
    (seen,) = adviser.seen_at(first.cleared_us - 1)
    assert seen.cleared_us is None
    assert adviser.seen_at(first.cleared_us)[0] == first
