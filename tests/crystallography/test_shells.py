"""The shell table and the two resolution limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from libs.crystallography import (
    cctbx_shells,
    contiguous_shells,
    d_min_cctbx,
    d_min_contiguous,
    shell_edges,
    shells_from_arrays,
    tabulate,
)
from libs.messages import Shells

NAN = float("nan")


def table(
    mean: list[float], n: list[int] | None = None, positive: list[float] | None = None
) -> Shells:
    counts = n or [20] * 10
    return shells_from_arrays(2.0, counts, counts, mean, positive or mean)


def test_contiguous_stops_before_the_first_failure() -> None:
    shells = table([9, 7, 5, 0.9, 4, 3, 2, 2, 2, 2])
    assert d_min_contiguous(shells) == pytest.approx(shell_edges(2.0)[2])


def test_cctbx_takes_the_smallest_edge_whatever_lies_between() -> None:
    shells = table([9, 7, 5, 0.9, 4, 0.1, 0.1, 1.0, 0.1, 0.1])
    assert d_min_cctbx(shells) == pytest.approx(shell_edges(2.0)[7])


def test_a_shell_of_four_reflections_fails() -> None:
    shells = table([9.0] * 10, n=[20, 20, 4] + [20] * 7)
    assert d_min_contiguous(shells) == pytest.approx(shell_edges(2.0)[1])


def test_no_passing_shell_gives_no_resolution() -> None:
    shells = table([0.5] * 10)
    assert d_min_contiguous(shells) is None
    assert d_min_cctbx(shells) is None


def test_an_empty_shell_fails() -> None:
    shells = table([5.0, NAN, *[5.0] * 8], n=[20, 0] + [20] * 8, positive=[5.0, *[NAN] * 9])
    assert d_min_contiguous(shells) == pytest.approx(shell_edges(2.0)[0])
    assert d_min_cctbx(shells) == pytest.approx(shell_edges(2.0)[0])


def test_both_saturate_at_d_min() -> None:
    assert d_min_contiguous(table([5.0] * 10)) == 2.0
    assert d_min_cctbx(table([5.0] * 10)) == 2.0


def test_another_cutoff_applied_to_the_stored_table() -> None:
    shells = table([9, 7, 5, 4, 3, 2, 1, 1, 1, 1])
    assert d_min_contiguous(shells, 3.0) == pytest.approx(shell_edges(2.0)[4])


def test_tabulate_counts_and_means() -> None:
    edges = shell_edges(2.0)
    d = [edges[0] + 1, edges[0] + 2, edges[0] + 3, 2.0, 1.9, edges[5]]
    intensity = [10.0, -4.0, 6.0, 3.0, 100.0, NAN]
    n, n_positive, mean, mean_positive = tabulate(d, intensity, [2.0] * 6, 2.0).columns()
    assert n.tolist() == [3, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert n_positive.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert mean[0] == pytest.approx(2.0)
    assert mean_positive[0] == pytest.approx(4.0)
    assert mean[9] == pytest.approx(1.5)
    assert np.isnan(mean[5])


def test_a_reflection_without_sigma_is_left_out() -> None:
    n, *_ = tabulate([50.0, 50.0, 50.0], [1.0, 1.0, 1.0], [0.0, NAN, 1.0], 2.0).columns()
    assert n.tolist() == [1] + [0] * 9


@settings(deadline=None)
@given(
    arrays(np.float32, (7, 10), elements=st.floats(0, 4, width=32)),
    arrays(np.uint32, (7, 10), elements=st.integers(0, 12)),
    st.floats(0.1, 3.0),
)
def test_many_lattices_at_once_equal_one_by_one(
    means: np.ndarray, counts: np.ndarray, cutoff: float
) -> None:
    several = contiguous_shells(counts, means, cutoff)
    compatible = cctbx_shells(means, cutoff)
    for i in range(7):
        single = shells_from_arrays(2.0, counts[i], counts[i], means[i], means[i])
        edges = [None, *shell_edges(2.0)]
        assert d_min_contiguous(single, cutoff) == edges[several[i]]
        assert d_min_cctbx(single, cutoff) == edges[compatible[i]]
