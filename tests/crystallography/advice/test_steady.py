"""Steady data with shot noise, jitter, slow drifts and jet flicker: no advice."""

import pytest

from libs.crystallography.advice import Adviser
from libs.crystallography.rates import JobStatistics
from tests.crystallography.advice.simulator import Experiment, simulate

HOUR_S = 3600


def causes(seconds: int, seed: int) -> list[str]:
    statistics, adviser = JobStatistics(), Adviser()
    statistics.upsert_rows(simulate(Experiment(seconds=seconds, seed=seed)))
    adviser.update(statistics)
    return [episode.cause.value for episode in adviser.episodes]


@pytest.mark.parametrize("seed", range(3))
def test_no_false_advice_in_an_hour(seed: int) -> None:
    assert causes(HOUR_S, seed) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_no_false_advice_in_ten_hours(seed: int) -> None:
    assert causes(10 * HOUR_S, 100 + seed) == []
