"""Denominators, windows and the worked example of FIELD."""

import pytest

from libs.crystallography.rates import JobStatistics, Rules, wilson
from libs.messages import BadMessageError, Cutoffs, Outcome
from tests.crystallography.rates.builders import START_US, batch, lattice, result, shells


def test_the_worked_example_comes_out() -> None:
    hits, indexed, quality, solvent, n = 10312, 8971, 6317, round(0.44 * 41382), 41382
    statistics = JobStatistics()
    for start in range(0, n, 100):
        statistics.upsert(
            batch(
                [
                    result(
                        i,
                        n_strong=60 if i < hits else 3,
                        n_lattices=int(i < indexed),
                        d_min_contiguous=2.5 if i < quality else 3.0,
                        solvent_ratio=1.0 if i < solvent else 0.7,
                    )
                    for i in range(start, min(start + 100, n))
                ]
            )
        )
    bar = statistics.summary()
    assert (bar.n_processed, bar.n_hits, bar.n_indexed, bar.n_high_quality) == (
        n, hits, indexed, quality,
    )  # fmt: skip
    shown = [bar.rates.solvent, bar.rates.hit, bar.rates.indexing, bar.rates.high_quality]
    assert [f"{100 * (r.value or 0):.1f}" for r in shown] == ["44.0", "24.9", "21.7", "70.4"]
    assert f"{100 * bar.n_high_quality / bar.n_processed:.1f}" == "15.3"


def test_each_outcome_counts_as_field_says() -> None:
    statistics = JobStatistics()
    strong = {"n_strong": 100, "solvent_ratio": 2.0, "n_lattices": 1, "d_min_contiguous": 2.0}
    statistics.upsert(batch([result(i, outcome=o, **strong) for i, o in enumerate(Outcome)]))
    bar = statistics.summary()
    assert (bar.n_processed, bar.n_selected, bar.n_tried, bar.n_indexed) == (4, 3, 3, 1)
    assert (bar.n_solvent, bar.n_hits, bar.n_unreadable, bar.n_high_quality) == (4, 4, 1, 1)


def test_without_frames_there_is_no_rate() -> None:
    statistics = JobStatistics()
    assert statistics.summary().rates.hit.value is None
    assert statistics.newest_ts_us() is None
    assert [w.n_processed for w in statistics.live_windows()] == [0] * 5


def test_results_of_an_older_attempt_no_longer_count() -> None:
    statistics = JobStatistics()
    statistics.upsert(batch([result(i) for i in range(10)], attempt=1))
    statistics.upsert(batch([result(0)], attempt=2))
    statistics.upsert(batch([result(99)], attempt=1))
    assert statistics.summary().n_processed == 1


def test_a_restart_that_is_only_announced_takes_the_old_results_out() -> None:
    statistics = JobStatistics()
    statistics.upsert(batch([result(i) for i in range(10)], attempt=1))
    statistics.set_rules(Rules(attempt=2))
    assert statistics.summary().n_processed == 0


def test_time_windows_end_at_the_newest_processed_event_time() -> None:
    statistics = JobStatistics()
    late = START_US + 3_600_000_000
    statistics.upsert(batch([result(7, ts_us=late, outcome=Outcome.UNREADABLE)]))
    statistics.upsert(batch([result(i, ts_us=START_US + i * 1_000_000) for i in range(30)]))
    windows = {w.name: w.n_processed for w in statistics.live_windows()}
    assert statistics.newest_ts_us() == START_US + 29_000_000
    assert windows["10s"] == 11
    assert windows["60s"] == 30


def test_a_frame_that_became_unreadable_again_does_not_count_by_a_lower_rank() -> None:
    statistics = JobStatistics()
    statistics.upsert(batch([result(1)]))
    statistics.upsert(batch([result(1, outcome=Outcome.UNREADABLE)]))
    assert statistics.summary().n_processed == 1
    assert statistics.summary().n_unreadable == 0


def test_the_last_frames_are_those_of_highest_number_that_were_processed() -> None:
    statistics = JobStatistics()
    statistics.upsert(batch([result(i, n_strong=99) for i in range(2000, 3000)]))
    statistics.upsert(batch([result(i) for i in range(5000)[::2] if not 2000 <= i < 3000]))
    statistics.upsert(batch([result(i, outcome=Outcome.UNREADABLE) for i in range(6000, 9000)]))
    windows = {w.name: w for w in statistics.live_windows()}
    assert windows["1000frames"].n_processed == 1000
    assert windows["1000frames"].rates.hit.numerator == 0


@pytest.mark.parametrize(("cutoff", "expected"), [(1.0, 1), (2.5, 1), (4.0, 0)])
def test_another_i_sigi_cutoff_uses_the_shell_tables(cutoff: float, expected: int) -> None:
    table = shells([9, 9, 9, 9, 8, 3, 2, 1, 0.5, 0.1])
    frame = result(1, n_lattices=1, lattices=(lattice(table),), d_min_contiguous=2.15)
    rules = Rules(cutoffs=Cutoffs(i_sigi=cutoff, d_min_quality_angstrom=2.4))
    statistics = JobStatistics(rules)
    statistics.upsert(batch([frame]))
    assert statistics.summary().n_high_quality == expected


def test_the_best_lattice_decides_at_another_cutoff() -> None:
    poor, good = shells([9, 1] + [0.1] * 8), shells([9] * 10)
    frame = result(1, lattices=(lattice(poor), lattice(good)), d_min_contiguous=2.0)
    statistics = JobStatistics(Rules(cutoffs=Cutoffs(i_sigi=5.0)))
    statistics.upsert(batch([frame]))
    assert statistics.summary().n_high_quality == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"frame": 2**60},
        {"frame": -1},
        {"ts_us": 2**62},
        {"n_lattices": 0, "lattices": (lattice(shells([1.0] * 9)),)},
    ],
)
def test_values_out_of_range_are_a_bad_message(fields: dict[str, object]) -> None:
    statistics = JobStatistics()
    with pytest.raises(BadMessageError, match=r"out of range"):
        statistics.upsert(batch([result(**({"frame": 1} | fields))]))
    assert len(statistics.columns) == 0


def test_the_interval_of_wilson() -> None:
    low, high = wilson(6317, 8971)
    assert (round(low, 4), round(high, 4)) == (0.6946, 0.7135)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0
    with pytest.raises(ValueError, match="11 of 10"):
        wilson(11, 10)
