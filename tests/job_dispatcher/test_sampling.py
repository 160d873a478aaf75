"""The sampler in a model of workers and a queue: in time, no less than needed, and back again."""

import pytest

from services.job_dispatcher.sampling import Look, Sampler, SamplingRules
from tests.job_dispatcher.queue_model import QueueModel

CAPACITY_HZ = 2 / (0.005 + 0.25 * 0.05)
SCREENED_HZ = 2 / (0.005 + 0.02 * 0.25 * 0.05)


def sampler(**rules: float) -> Sampler:
    return Sampler(rules=SamplingRules(**rules))


@pytest.mark.parametrize(("times", "enough"), [(1.2, 0.8), (2.0, 0.3), (2.9, 0.08)])
def test_overload_is_sampled_until_results_are_in_time(times: float, enough: float) -> None:
    model = QueueModel(sampler=sampler(), rate_hz=lambda _: times * CAPACITY_HZ).run(600)
    assert model.fractions[0][0] < 15.0
    assert model.waited(150, 0.5) < 1.0
    assert model.waited(150, 0.95) < 2.5
    sustainable = (CAPACITY_HZ / times / CAPACITY_HZ * (0.005 + 0.0125) - 0.005) / 0.0125
    assert 0.4 * sustainable < model.mean_fraction(150) < 1.2 * sustainable
    assert model.mean_fraction(150) <= enough


def test_ten_times_too_fast_costs_what_screening_can_bear() -> None:
    model = QueueModel(
        sampler=sampler(), rate_hz=lambda _: 10 * 100, workers=4, screen_s=0.0015, index_s=0.155
    ).run(300)
    assert model.waited(100, 0.5) < 1.0
    assert model.waited(100, 0.95) < 2.5


def test_without_room_even_for_screening_the_least_fraction_stays() -> None:
    model = QueueModel(sampler=sampler(), rate_hz=lambda _: 1.3 * SCREENED_HZ).run(120)
    assert model.sampler.fraction == 0.02
    assert len(model.fractions) == 1


@pytest.mark.parametrize("seed", range(3))
def test_at_most_of_the_capacity_hardly_anything_is_left_out(seed: int) -> None:
    model = QueueModel(sampler=sampler(), rate_hz=lambda _: 0.85 * CAPACITY_HZ, seed=seed)
    assert model.run(1800).mean_fraction(0) > 0.97


def test_slow_frames_alone_are_no_overload() -> None:
    model = QueueModel(
        sampler=sampler(),
        rate_hz=lambda _: 0.6 * 32 / (0.2 + 0.25 * 3.0),
        workers=32,
        screen_s=0.2,
        index_s=3.0,
    ).run(1800)
    assert model.mean_fraction(0) > 0.97


def test_when_there_is_room_again_everything_is_indexed_again() -> None:
    rate = {True: 2.5 * CAPACITY_HZ, False: 0.25 * CAPACITY_HZ}
    model = QueueModel(sampler=sampler(), rate_hz=lambda t: rate[t < 100]).run(300)
    assert model.sampler.fraction == 1.0
    assert model.fractions[-1][0] < 250


def test_it_moves_seldom_under_steady_overload() -> None:
    model = QueueModel(sampler=sampler(), rate_hz=lambda _: 1.2 * CAPACITY_HZ).run(3600)
    assert len([at for at, _ in model.fractions if at > 600]) < 3000 / 10


def test_silence_leads_back_to_everything() -> None:
    idle = Sampler(rules=SamplingRules(), rung=4)
    for now in range(100):
        idle.idle(float(now))
    assert idle.fraction == 1.0


def test_a_burst_that_drains_by_itself_is_no_overload() -> None:
    it = sampler()
    for i, waited_s in enumerate([0.1, 1.5, 2.5, 1.8, 0.9, 0.2, 0.1] * 10):
        it.take(Look(at_s=0.5 * i, sent_s=0.5 * i - waited_s, waited_s=waited_s))
    assert it.fraction == 1.0


def test_work_from_before_a_decision_is_not_judged_again() -> None:
    it = sampler()
    for i in range(5):
        it.take(Look(at_s=0.5 * i, sent_s=0.25 * i, waited_s=1.2 + 0.25 * i))
    lowered = it.fraction
    assert lowered < 1.0
    for i in range(5, 30):
        it.take(Look(at_s=0.5 * i, sent_s=1.9, waited_s=0.5 * i - 1.9))
    assert it.fraction == lowered
