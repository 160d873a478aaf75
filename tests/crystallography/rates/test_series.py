"""The run-stats windows equal FIELD's formulas, and cctbx.xfel's own function, bit for bit."""

import importlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.crystallography.rates import JobStatistics, Resolution, Rules, RunStatsSeries
from libs.messages import FrameResult, Outcome
from tests.crystallography.rates import naive
from tests.crystallography.rates.builders import batch, result

COUNTED = [Outcome.PROCESSED] * 12 + [Outcome.SCREENED, Outcome.CRASHED]
OUTCOMES = [*COUNTED, Outcome.UNREADABLE]
LENGTHS = [0, 1, 2, 19, 20, 21, 39, 40, 41, 999, 1000, 1001, 2001, 5000]


def random_frames(n: int, seed: int, outcomes: Sequence[Outcome]) -> list[FrameResult]:
    rng = np.random.default_rng(seed)
    phase = 0.5 + 0.5 * np.sin(np.arange(n) / max(n / 7, 1))
    return [
        result(
            int(3 * i),
            n_lattices=int(rng.random() < phase[i]) * int(rng.integers(1, 4)),
            outcome=outcomes[int(rng.integers(len(outcomes)))],
            n_strong=int(rng.integers(0, 90)),
            solvent_ratio=float(rng.normal(1.0, 0.3)),
            d_min_contiguous=float(rng.normal(2.5, 0.3)) if rng.random() < 0.9 else None,
            d_min_cctbx=float(rng.normal(2.4, 0.3)) if rng.random() < 0.9 else None,
        )
        for i in range(n)
    ]


def series_of(frames: Sequence[FrameResult], resolution: Resolution) -> RunStatsSeries:
    statistics = JobStatistics(Rules(resolution=resolution))
    for start in range(0, len(frames), 100):
        statistics.upsert(batch(frames[start : start + 100]))
    return statistics.series()


def as_rows(series: RunStatsSeries) -> np.ndarray:
    return np.column_stack(
        [
            series.solvent_rate,
            series.indexing_rate,
            series.multi_lattice_rate,
            series.high_quality_rate,
        ]
    )


@given(st.integers(0, 700), st.integers(0, 2**32), st.sampled_from(["contiguous", "cctbx"]))
@settings(max_examples=30, deadline=None)
def test_series_equal_the_naive_ones(n: int, seed: int, resolution: Resolution) -> None:
    frames = random_frames(n, seed, OUTCOMES)
    expected = np.array(naive.series(frames, naive.Judge(resolution=resolution))).reshape(-1, 4)
    assert as_rows(series_of(frames, resolution)).tobytes() == expected.tobytes()


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("resolution", ["contiguous", "cctbx"])
def test_series_equal_the_naive_ones_at_lengths_where_windows_change(
    n: int, resolution: Resolution
) -> None:
    frames = random_frames(n, n, COUNTED)
    expected = np.array(naive.series(frames, naive.Judge(resolution=resolution))).reshape(-1, 4)
    series = series_of(frames, resolution)
    assert len(series.frame) == n
    assert as_rows(series).tobytes() == expected.tobytes()


def test_a_window_of_screened_frames_has_no_indexing_rate() -> None:
    frames = [result(i, outcome=Outcome.SCREENED, solvent_ratio=2.0) for i in range(30)]
    series = series_of(frames, "contiguous")
    assert np.isnan(series.indexing_rate).all()
    assert (series.solvent_rate == 1.0).all()
    assert (series.high_quality_rate == 0.0).all()


@pytest.mark.system
@pytest.mark.parametrize("n", [1, 2, 57, 1000, 1003, 5000])
@pytest.mark.parametrize("resolution", ["contiguous", "cctbx"])
def test_series_equal_those_of_cctbx_xfel(n: int, resolution: Resolution) -> None:
    frames = random_frames(n, 100 + n, [Outcome.PROCESSED])
    theirs = cctbx_series(frames, resolution)
    assert as_rows(series_of(frames, resolution)).tobytes() == theirs.tobytes()


def cctbx_series(frames: Sequence[FrameResult], resolution: Resolution) -> np.ndarray:
    flex, plotter = cctbx_xfel()
    ratio = flex.double([f.solvent_ratio or 0.0 for f in frames])
    d_min = [getattr(f, f"d_min_{resolution}") or 0.0 for f in frames]
    answer = plotter.get_run_stats(
        timestamps=flex.double([f.ts_us / 1e6 for f in frames]),
        two_theta_low=flex.double(len(frames), 1.0),
        two_theta_high=ratio,
        n_strong=flex.int([f.n_strong for f in frames]),
        resolutions=flex.double(d_min),
        n_lattices=flex.int([len(f.lattices) for f in frames]),
        tuple_of_timestamp_boundaries=(),
        lengths=(),
        run_numbers=(),
        d_min=2.5,
    )
    return np.column_stack([np.array(answer[i]) for i in (3, 6, 7, 8)])


def cctbx_xfel() -> tuple[Any, Any]:
    os.environ.setdefault("LIBTBX_BUILD", "/usr/lib/cctbx/python3.11")
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        return (
            importlib.import_module("dials.array_family.flex"),
            importlib.import_module("xfel.ui.components.run_stats_plotter"),
        )
    except ImportError as error:
        pytest.skip(f"cctbx.xfel is not installed: {error}")
