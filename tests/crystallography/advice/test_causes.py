"""Each cause at a known onset: raised within 10 s (300 frames), alone, and cleared when cured."""

import pytest

from libs.crystallography.advice import Adviser, Cause, Episode
from libs.crystallography.rates import JobStatistics, Rows
from libs.messages import JobId
from tests.crystallography.advice.simulator import START_S, Experiment, Trouble, simulate

ONSET_S, CURE_S, END_S = 180.4, 300.4, 400
TROUBLES: dict[str, tuple[Cause, dict[str, float]]] = {
    "beam off": (Cause.NO_BEAM, {"beam": 0.0}),
    "jet lost": (Cause.NO_JET, {"jet": 0.02}),
    "no crystals": (Cause.NO_CRYSTALS, {"crystals": 0.0}),
    "nothing found": (Cause.NO_CRYSTALS, {"crystals": 0.0, "noise": 0.0, "dry_noise": 0.0}),
    "dilute": (Cause.TOO_DILUTE, {"crystals": 0.05}),
    "a third": (Cause.TOO_DILUTE, {"crystals": 0.25}),
    "dense": (Cause.TOO_DENSE, {"crystals": 3.0}),
    "noise": (Cause.NOISE, {"noise": 30.0, "dry_noise": 28.0, "crystals": 0.7}),
    "wrong distance": (Cause.INDEXING, {"indexable": 0.1}),
    "old crystals": (Cause.DEGRADED, {"worse_angstrom": 0.7}),
    "beam moved": (Cause.GEOMETRY, {"offset_px": 1.2}),
    "cell changed": (Cause.GEOMETRY, {"cell": 1.01}),
    "damaged files": (Cause.MISSING, {"unreadable": 0.4}),
}
JOB = JobId("common/beam/13/v1/t001/g001")


def advised(rows: Rows) -> Adviser:
    statistics, adviser = JobStatistics(), Adviser()
    statistics.upsert_rows(rows)
    adviser.update(statistics)
    return adviser


def told(episode: Episode) -> tuple[float, float | None]:
    """Seconds after onset, seconds after cure."""
    cleared = episode.cleared_us
    return (
        episode.raised_us / 1e6 - START_S - ONSET_S,
        None if cleared is None else cleared / 1e6 - START_S - CURE_S,
    )


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("seed", range(4))
def test_raised_within_ten_seconds_and_cleared_within_thirty(name: str, seed: int) -> None:
    cause, values = TROUBLES[name]
    trouble = Trouble(start_s=ONSET_S, end_s=CURE_S, values=values)
    adviser = advised(simulate(Experiment(seconds=END_S, seed=seed, troubles=[trouble])))
    assert [episode.cause for episode in adviser.episodes] == [cause]
    raised, cleared = told(adviser.episodes[0])
    assert 0 < raised <= 10
    assert cleared is not None
    assert 0 < cleared <= 30
    advice = adviser.advice(JOB, adviser.episodes[0])
    assert abs(advice.since_us / 1e6 - START_S - ONSET_S) < 8
    assert advice.evidence
    assert advice.suggestion


def test_thresholds_that_let_no_spot_through_from_the_start() -> None:
    silent = {"crystals": 0.0, "noise": 0.0, "dry_noise": 0.0}
    adviser = advised(simulate(Experiment(seconds=60, values=silent)))
    assert [episode.cause for episode in adviser.episodes] == [Cause.TOO_STRICT]
    assert adviser.episodes[0].raised_us <= (START_S + 10) * 1_000_000


def test_a_lost_jet_is_not_called_lack_of_crystals() -> None:
    lost = Trouble(start_s=100, end_s=160, values={"jet": 0.0})
    adviser = advised(simulate(Experiment(seconds=200, values={"crystals": 0.1}, troubles=[lost])))
    at_150 = (START_S + 150) * 1_000_000
    in_force = [e.cause for e in adviser.seen_at(at_150) if e.cleared_us is None]
    assert in_force == [Cause.NO_JET]
    assert adviser.episodes[-1].cause is Cause.TOO_DILUTE
    assert adviser.episodes[-1].cleared_us is None


@pytest.mark.parametrize(("left", "says_so"), [(0.0, False), (0.04, True)])
def test_a_lost_jet_in_vacuum_is_dark_and_what_light_is_left_is_told(
    left: float, says_so: bool
) -> None:
    lost = Trouble(start_s=100, values={"jet": 0.0})
    rows = simulate(Experiment(seconds=130, troubles=[lost]))
    rows["rings"][rows["ts_us"] >= (START_S + 100) * 1_000_000] *= left
    adviser = advised(rows)
    (episode,) = adviser.episodes
    assert episode.cause is Cause.NO_BEAM
    advice = adviser.advice(JOB, episode)
    assert "in vacuum a lost jet looks the same" in advice.suggestion
    assert any(line.startswith("Some light is left") for line in advice.evidence) is says_so


def test_silence_of_a_steady_stream_is_missing_data() -> None:
    rows = simulate(Experiment(seconds=200))
    time_s = rows["ts_us"] / 1e6 - START_S
    adviser = advised(rows[(time_s < 100) | (time_s >= 130)])
    (episode,) = adviser.episodes
    assert episode.cause is Cause.MISSING
    assert episode.raised_us == (START_S + 110) * 1_000_000
    assert episode.cleared_us == (START_S + 131) * 1_000_000
    assert adviser.advice(JOB, episode).since_us == (START_S + 100) * 1_000_000


def test_single_images_far_apart_are_no_silence() -> None:
    rows = simulate(Experiment(seconds=10, hz=3))
    rows["ts_us"] += rows["frame"] * 3_600_000_000
    assert advised(rows).episodes == ()


@pytest.mark.parametrize("hz", [3.0, 10.0, 120.0])
def test_other_frame_rates(hz: float) -> None:
    trouble = Trouble(start_s=240, values={"jet": 0.0})
    adviser = advised(simulate(Experiment(seconds=400, hz=hz, troubles=[trouble], seed=3)))
    (episode,) = adviser.episodes
    assert episode.cause is Cause.NO_JET
    assert episode.raised_us <= (START_S + 240 + (10 if hz >= 10 else 70)) * 1_000_000


def test_without_rings_nothing_is_said_of_jet_and_concentration() -> None:
    rows = simulate(Experiment(seconds=100, values={"crystals": 0.1}))
    rows["solvent_ratio"] = rows["rings"] = float("nan")
    assert advised(rows).episodes == ()


def test_crowded_frames_are_seen_without_rings() -> None:
    rows = simulate(Experiment(seconds=100, values={"crystals": 3.2}))
    rows["solvent_ratio"] = rows["rings"] = float("nan")
    rows["n_strong"][rows["n_lattices"] == 0] *= 2
    assert Cause.TOO_DENSE in {episode.cause for episode in advised(rows).episodes}


def test_numbers_and_words() -> None:
    lost = Trouble(start_s=100, values={"jet": 0.02})
    adviser = advised(simulate(Experiment(seconds=130, troubles=[lost])))
    advice = adviser.advice(JOB, adviser.episodes[0])
    assert (advice.cause, advice.level) == ("no_jet", "act")
    assert advice.suggestion.startswith("realign the nozzle")
    assert advice.evidence[0].startswith("Solvent ")
    assert ", was 8" in advice.evidence[0]
