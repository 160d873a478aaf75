"""Cells in comparable settings, cells as PHIL, and the groups that reach the screen."""

import random

import numpy as np
import pytest

from libs.crystallography.cell_groups import cell_groups, grouped
from libs.crystallography.cells import (
    alike_cells,
    knows_cell,
    median_cell,
    with_known_cell,
    without_known_cell,
)
from libs.crystallography.rates import JobStatistics
from tests.crystallography.rates.builders import batch, result

ACUTE = (60.0, 70.0, 95.0, 89.9, 78.0, 89.9)
OBTUSE = (60.1, 70.1, 95.1, 90.1, 102.0, 90.1)


def test_reduced_cells_on_both_sides_of_90_degrees_are_made_alike() -> None:
    cells = alike_cells([ACUTE, OBTUSE, OBTUSE])
    assert np.ptp(cells, axis=0).max() < 0.25
    assert median_cell([ACUTE, OBTUSE, OBTUSE])[4] == pytest.approx(102.0, abs=0.01)


def test_equal_edges_in_another_order_are_made_alike() -> None:
    cells = [(38.0, 79.0, 79.2, 90, 90, 91.0), (38.0, 79.1, 79.1, 90, 91.0, 90)]
    assert np.ptp(alike_cells(cells)[:, :3], axis=0).max() < 0.25


def test_a_recipe_learns_and_forgets_its_cell() -> None:
    known = with_known_cell("spotfinder.lookup = x\n", (79.1, 79.1, 38, 90, 90, 90), "P 43 21 2")
    assert known.endswith("space_group = P43212\n")
    assert knows_cell(known)
    assert not knows_cell("spotfinder.lookup = x\nindexing.known_symmetry.unit_cell = None\n")
    assert without_known_cell(known).index("= None") > known.index("79.1")


def test_groups_are_those_of_similar_edges_largest_first() -> None:
    noise = np.random.default_rng(1)
    first = np.array([38.0, 79.1, 79.1]) * noise.normal(1.0, 0.002, (12, 3))
    second = np.array([60.0, 70.0, 95.0]) * noise.normal(1.0, 0.002, (5, 3))
    lonely = np.array([[33.0, 44.0, 55.0]])
    groups = grouped(np.sort(np.concatenate([second, lonely, first]), axis=1))
    assert [(g.n_lattices, g.n_of) for g in groups] == [(12, 18), (5, 18)]
    assert groups[0].edges_angstrom == pytest.approx((38.0, 79.1, 79.1), rel=0.004)
    assert grouped(lonely) == ()


def test_neither_order_nor_repetition_of_results_matters() -> None:
    messages = [batch([result(n, n_lattices=int(n % 3 == 0))]) for n in range(60)]
    expected = JobStatistics()
    for message in messages:
        expected.upsert(message)
    (group,) = cell_groups(expected)
    assert (group.n_lattices, group.edges_angstrom) == (20, (37.0, 78.0, 78.0))
    shuffled, again = JobStatistics(), messages + messages[:30]
    random.Random(3).shuffle(again)
    for message in again:
        shuffled.upsert(message)
    assert cell_groups(shuffled) == cell_groups(expected)
