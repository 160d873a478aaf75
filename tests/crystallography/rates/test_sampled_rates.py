"""A sampled run says what the same run says unsampled, within its intervals, whatever the fraction.

40 runs of 8000 frames with known answers, through the real statistics; the fraction moves up and
down as it does under overload.
"""

from collections.abc import Callable

import numpy as np
import pytest

from libs.crystallography.rates import JobStatistics
from libs.messages import (
    FrameNumber,
    FrameResult,
    Outcome,
    Rate,
    RunId,
    StatisticsBar,
    run_id,
    selected_for_indexing,
)
from tests.crystallography.rates.builders import batch, result

N_FRAMES, CHUNK = 8000, 100
FRACTIONS = (1.0, 0.5, 0.25, 0.0884, 0.25, 0.5)
Selects = Callable[[RunId, FrameResult], bool]


def frames_of(seed: int) -> list[FrameResult]:
    """Solvent on 70 %, hits on a quarter, most of them indexed, some twice, some failed."""
    rng = np.random.default_rng(seed)
    hit, indexes, second, crashes = rng.random((4, N_FRAMES))
    frames = []
    for i in range(N_FRAMES):
        is_hit = hit[i] < 0.25
        n_lattices = (1 + int(second[i] < 0.1)) if is_hit and indexes[i] < 0.8 else 0
        crashed = is_hit and crashes[i] < 0.02
        frames.append(
            result(
                i,
                n_lattices=0 if crashed else n_lattices,
                n_strong=80 if is_hit else 5,
                solvent_ratio=1.2 if rng.random() < 0.7 else 0.8,
                indexing_tried=bool(is_hit),
                d_min_contiguous=2.0 if rng.random() < 0.6 else 3.0,
                outcome=Outcome.TIMED_OUT if crashed else Outcome.PROCESSED,
            )
        )
    return frames


def screened(frame: FrameResult) -> FrameResult:
    """What the processor says of a frame that was not selected."""
    return result(
        frame.frame,
        n_strong=frame.n_strong,
        solvent_ratio=frame.solvent_ratio,
        outcome=Outcome.SCREENED,
    )


def bar(run: RunId, frames: list[FrameResult], selects: Selects) -> StatisticsBar:
    statistics = JobStatistics()
    for start in range(0, N_FRAMES, CHUNK):
        chunk = frames[start : start + CHUNK]
        statistics.upsert(
            batch([frame if selects(run, frame) else screened(frame) for frame in chunk], run=run)
        )
    return statistics.summary()


def by_hash(run: RunId, frame: FrameResult) -> bool:
    """What the frame processor does with the fraction of a chunk."""
    fraction = FRACTIONS[frame.frame // 500 % len(FRACTIONS)]
    return selected_for_indexing(run, FrameNumber(frame.frame), fraction)


def among_hits(run: RunId, frame: FrameResult) -> bool:
    """What must not be done: look first, then choose."""
    return frame.n_strong > 40 or by_hash(run, frame)


Bars = list[tuple[StatisticsBar, StatisticsBar]]


def bars_of(selects: Selects, runs: int) -> Bars:
    found = []
    for seed in range(runs):
        run, frames = run_id("sampled", "jet", str(seed), 1), frames_of(seed)
        found.append((bar(run, frames, lambda *_: True), bar(run, frames, selects)))
    return found


@pytest.fixture(scope="module")
def bars() -> Bars:
    return bars_of(by_hash, 40)


def deviations(bars: Bars, name: str) -> list[float]:
    """Sampled minus unsampled, in standard errors of the sampled rate."""
    found = []
    for whole, sampled in bars:
        expected, rate = _rate(whole, name), _rate(sampled, name)
        assert expected.value is not None
        assert rate.value is not None
        error = np.sqrt(expected.value * (1 - expected.value) / rate.denominator)
        found.append((rate.value - expected.value) / error)
    return found


def _rate(of: StatisticsBar, name: str) -> Rate:
    rate: Rate = getattr(of.rates, name)
    return rate


@pytest.mark.parametrize("name", ["indexing", "indexing_success", "multi_lattice", "high_quality"])
def test_sampled_rates_are_unbiased_and_their_intervals_hold(bars: Bars, name: str) -> None:
    z = deviations(bars, name)
    assert abs(np.mean(z)) < 3 / np.sqrt(len(z))
    inside = [
        rate.low <= expected.value <= rate.high
        for whole, sampled in bars
        for expected, rate in [(_rate(whole, name), _rate(sampled, name))]
    ]
    assert np.mean(inside) >= 0.9


def test_solvent_and_hit_rates_lose_nothing(bars: Bars) -> None:
    for whole, sampled in bars:
        assert sampled.n_processed == whole.n_processed == N_FRAMES
        assert sampled.rates.solvent == whole.rates.solvent
        assert sampled.n_selected < 0.5 * N_FRAMES


def test_a_timed_out_frame_counts_among_the_selected(bars: Bars) -> None:
    for whole, sampled in bars:
        assert sampled.rates.indexing.denominator == sampled.n_selected
        assert whole.rates.indexing.denominator == N_FRAMES


def test_completed_later_a_run_says_what_it_would_have_said() -> None:
    """Here the fraction follows the sample: many hits, low fraction, hence less weight at first."""
    rng = np.random.default_rng(5)
    run = run_id("sampled", "jet", "drifting", 1)
    frames = [
        result(i, n_lattices=int(rng.random() < (0.4 if i < 4000 else 0.05)), n_strong=80)
        for i in range(N_FRAMES)
    ]

    def follows(of: RunId, frame: FrameResult) -> bool:
        return selected_for_indexing(of, frame.frame, 0.1 if frame.frame < 4000 else 1.0)

    whole, statistics = bar(run, frames, lambda *_: True), JobStatistics()
    for frame in frames:
        statistics.upsert(batch([frame if follows(run, frame) else screened(frame)], run=run))
    pooled, true = _rate(statistics.summary(), "indexing"), _rate(whole, "indexing")
    assert pooled.high is not None
    assert true.value is not None
    assert pooled.high < true.value  # what a run's rates cannot tell while it is sampled
    for start in range(0, 4000, CHUNK):
        statistics.upsert(batch(frames[start : start + CHUNK], run=run))
    assert statistics.summary() == whole


def test_choosing_among_hits_would_be_seen() -> None:
    z = deviations(bars_of(among_hits, 3), "indexing")
    assert np.mean(z) > 10
