"""Order, duplication and splitting leave no trace, to the last bit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.crystallography.rates import JobStatistics, Rules
from libs.messages import Cutoffs, FrameResult
from tests.crystallography.rates import naive
from tests.crystallography.rates.builders import batch
from tests.crystallography.rates.strategies import ATTEMPTED

Attempted = tuple[int, FrameResult]


def fed(batches: list[list[Attempted]], rules: Rules | None = None) -> JobStatistics:
    statistics = JobStatistics(rules)
    for results in batches:
        for attempt, frame in results:
            statistics.upsert(batch([frame], attempt))
    return statistics


def facts(statistics: JobStatistics) -> tuple[object, ...]:
    series = statistics.series()
    columns = (
        series.frame,
        series.solvent_rate,
        series.indexing_rate,
        series.multi_lattice_rate,
        series.high_quality_rate,
    )
    return (
        statistics.summary(),
        statistics.live_windows(),
        statistics.newest_ts_us(),
        *(column.tobytes() for column in columns),
        statistics.columns.rows[statistics.columns.order()].tobytes(),
    )


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[Attempted], list[Attempted]]:
    results = draw(st.lists(ATTEMPTED, max_size=60))
    again = draw(st.lists(st.sampled_from(results), max_size=20)) if results else []
    return results, draw(st.permutations(results + again))


@given(shuffled())
@settings(max_examples=150, deadline=None)
def test_any_permutation_with_duplicates_gives_the_same_bits(
    both: tuple[list[Attempted], list[Attempted]],
) -> None:
    assert facts(fed([both[0]])) == facts(fed([both[1]]))


@given(shuffled(), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_any_split_into_messages_gives_the_same_bits(
    both: tuple[list[Attempted], list[Attempted]], size: int
) -> None:
    split = JobStatistics()
    for attempt in (2, 1, 3):
        frames = [r for a, r in both[1] if a == attempt]
        for start in range(0, len(frames), size):
            split.upsert(batch(frames[start : start + size], attempt))
    assert facts(split) == facts(fed([both[0]]))


@given(shuffled(), st.lists(st.integers(1, 9), max_size=30), st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_any_messages_counted_together_give_the_same_bits(
    both: tuple[list[Attempted], list[Attempted]], together: list[int], per_message: int
) -> None:
    messages = [
        batch([frame for a, frame in part if a == attempt], attempt)
        for start in range(0, len(both[1]), per_message)
        for part in [both[1][start : start + per_message]]
        for attempt in (1, 2, 3)
    ]
    bulk, changed = JobStatistics(), 0
    for count in [*together, len(messages)]:
        changed += len(bulk.frames_changed_by(messages[:count]))
        messages = messages[count:]
    assert facts(bulk) == facts(fed([both[0]]))
    assert changed >= len(bulk.columns)


@given(shuffled(), st.sampled_from(["contiguous", "cctbx"]))
@settings(max_examples=100, deadline=None)
def test_the_statistics_equal_the_naive_ones(
    both: tuple[list[Attempted], list[Attempted]], resolution: str
) -> None:
    results, order = both
    rules = Rules(resolution="cctbx" if resolution == "cctbx" else "contiguous")
    statistics, judge = fed([order], rules), naive.Judge(resolution=resolution)
    frames = naive.winners(results)
    bar = statistics.summary()
    assert {n: getattr(bar, n) for n in naive.summary(frames, judge)} == naive.summary(
        frames, judge
    )
    for window in statistics.live_windows():
        shown = naive.live(frames)[window.name]
        assert window.n_processed == len(shown)
        assert window.rates.solvent.numerator == naive.count(shown, judge.solvent)
        assert window.rates.indexing.denominator == naive.count(shown, judge.selected)
        assert window.rates.indexing_success.denominator == naive.count(shown, judge.tried)
        assert window.rates.high_quality.numerator == naive.count(shown, judge.high_quality)


@given(shuffled())
@settings(max_examples=50, deadline=None)
def test_changing_the_rules_later_equals_having_had_them(
    both: tuple[list[Attempted], list[Attempted]],
) -> None:
    rules = Rules(
        cutoffs=Cutoffs(hit=16, solvent=0.5, lattices=3, d_min_quality_angstrom=2.2, i_sigi=2.0),
        resolution="cctbx",
    )
    later = fed([both[1]])
    later.set_rules(rules)
    assert facts(later) == facts(fed([both[0]], rules))


def test_many_frames_in_any_order_keep_frame_order() -> None:
    rng = np.random.default_rng(5)
    from tests.crystallography.rates.builders import result

    frames = rng.permutation(20_000)
    statistics = JobStatistics()
    for start in range(0, len(frames), 170):
        statistics.upsert(batch([result(int(f)) for f in frames[start : start + 170]]))
    assert np.array_equal(statistics.series().frame, np.arange(20_000))
    assert statistics.summary().n_processed == 20_000
