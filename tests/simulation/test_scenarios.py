"""Scenarios: each has its own trouble, from its onset to its cure and at no other time."""

from collections import Counter
from collections.abc import Callable

import pytest

from libs.simulation import Condition, Kind, Scenario, SimulationError, make_scenario
from libs.simulation.scenarios import SCENARIO_NAMES

FRAMES = 1000
ONSET, CURE = 400, 800
SEED = 11
Measure = Callable[[list[Condition]], float]


def conditions(scenario: Scenario, first: int, last: int) -> list[Condition]:
    return [scenario.condition(SEED, frame) for frame in range(first, last)]


def share(*kinds: Kind) -> Measure:
    return lambda part: sum(c.kind in kinds for c in part) / len(part)


def crystals_per_jet_shot(part: list[Condition]) -> float:
    jets = [c for c in part if c.jet]
    return sum(c.n_lattices for c in jets) / len(jets)


def mean_limit(part: list[Condition]) -> float:
    limits = [c.d_limit_angstrom for c in part if c.n_lattices]
    return sum(limits) / len(limits)


TROUBLES: list[tuple[str, Measure, float, float]] = [
    ("jet-dies", share(Kind.NOJET), 0.03, 1.0),
    ("no-beam", share(Kind.DARK), 0.0, 1.0),
    ("too-dense", crystals_per_jet_shot, 0.5, 2.5),
    ("too-dilute", crystals_per_jet_shot, 0.5, 0.02),
    ("crystals-degrade", mean_limit, 2.3, 3.3),
]


@pytest.mark.parametrize(("name", "measure", "usual", "troubled"), TROUBLES)
def test_trouble_starts_at_the_onset(
    name: str, measure: Measure, usual: float, troubled: float
) -> None:
    scenario = make_scenario(name, FRAMES)
    assert scenario.onset_frame == ONSET
    assert measure(conditions(scenario, 0, ONSET)) == pytest.approx(usual, abs=0.1)
    assert measure(conditions(scenario, ONSET, CURE)) == pytest.approx(troubled, rel=0.1, abs=0.02)


@pytest.mark.parametrize("name", ["jet-dies", "no-beam"])
def test_jet_and_beam_come_back(name: str) -> None:
    scenario = make_scenario(name, FRAMES)
    assert scenario.cure_frame == CURE
    usual = share(Kind.DARK, Kind.NOJET)(conditions(scenario, CURE, FRAMES))
    assert usual < 0.1


def test_a_cure_beyond_the_end_means_that_the_trouble_stays() -> None:
    assert make_scenario("jet-dies", FRAMES, cure_frame=FRAMES).cure_frame is None


def test_onset_and_cure_can_be_chosen() -> None:
    scenario = make_scenario("too-dense", FRAMES, onset_frame=10, cure_frame=20)
    assert (scenario.onset_frame, scenario.cure_frame) == (10, 20)


def test_before_the_onset_every_run_is_the_steady_one() -> None:
    steady = conditions(make_scenario("steady", FRAMES), 0, ONSET)
    for name, *_ in TROUBLES:
        assert conditions(make_scenario(name, FRAMES), 0, ONSET) == steady


def test_steady_stays_steady() -> None:
    scenario = make_scenario("steady", 6000)
    assert scenario.onset_frame is None
    first, second = conditions(scenario, 0, 3000), conditions(scenario, 3000, 6000)
    assert share(Kind.JET)(first) == pytest.approx(share(Kind.JET)(second), abs=0.05)


def test_crystals_per_shot_are_poisson() -> None:
    """The multi-lattice fraction among shots with crystals is 1 - λ / (exp(λ) - 1)."""
    part = conditions(make_scenario("steady", 20_000), 0, 20_000)
    counts = Counter(c.n_lattices for c in part if c.jet)
    with_crystals = sum(n for lattices, n in counts.items() if lattices)
    multiple = sum(n for lattices, n in counts.items() if lattices > 1)
    assert multiple / with_crystals == pytest.approx(0.229, abs=0.02)


def test_twelve_mixed_frames_hold_every_kind_but_many() -> None:
    part = conditions(make_scenario("mixed", 12), 0, 12)
    assert {c.kind for c in part} == set(Kind) - {Kind.MANY}


@pytest.mark.parametrize("name", SCENARIO_NAMES)
def test_a_frame_can_be_asked_for_alone(name: str) -> None:
    scenario = make_scenario(name, FRAMES)
    assert scenario.condition(SEED, 777) == conditions(make_scenario(name, FRAMES), 0, 778)[-1]


def test_an_unknown_scenario_is_named_with_the_known_ones() -> None:
    with pytest.raises(SimulationError, match=r"'jet-falls'; known: steady, jet-dies"):
        make_scenario("jet-falls", FRAMES)
