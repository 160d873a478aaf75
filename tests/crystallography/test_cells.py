"""Cells in comparable settings, cells as PHIL, and the groups that reach the screen."""

import random
from collections.abc import Sequence

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


def noisy(cell: Sequence[float], n: int, seed: int) -> np.ndarray:
    """n cells with edges off by 0.2 % and angles by 0.1°."""
    noise = np.random.default_rng(seed)
    edges = np.array(cell[:3]) * noise.normal(1.0, 0.002, (n, 3))
    return np.column_stack([edges, np.array(cell[3:]) + noise.normal(0.0, 0.1, (n, 3))])


def test_groups_are_those_of_similar_lattices_largest_first() -> None:
    first = noisy((38.0, 79.1, 79.1, 90, 90, 90), 12, 1)
    second = noisy((60.0, 70.0, 95.0, 90, 105, 90), 5, 2)
    lonely = np.array([[33.0, 44.0, 55.0, 90.0, 90.0, 90.0]])
    groups = grouped(np.concatenate([second, lonely, first]))
    assert [(g.n_lattices, g.n_of) for g in groups] == [(12, 18), (5, 18)]
    assert groups[0].edges_angstrom == pytest.approx((38.0, 79.1, 79.1), rel=0.004)
    assert groups[0].angles_deg == pytest.approx((90, 90, 90), abs=0.6)
    assert groups[1].angles_deg == pytest.approx((90, 105, 90), abs=0.6)
    assert grouped(lonely) == ()


def test_two_settings_of_a_lattice_are_one_group_and_equal_edges_alone_are_not() -> None:
    monoclinic = (60.0, 70.0, 95.0, 90.0, 105.0, 90.0)
    other = other_setting(monoclinic, [[1, 0, 1], [0, -1, 0], [0, 0, -1]])
    assert abs(other[0] - 60.0) > 20.0
    straight = (60.0, 70.0, 95.0, 90.0, 90.0, 90.0)
    cells = [noisy(monoclinic, 6, 1), noisy(other, 4, 2), noisy(straight, 3, 3)]
    groups = grouped(np.concatenate(cells))
    assert [g.n_lattices for g in groups] == [10, 3]


def other_setting(cell: Sequence[float], axes: list[list[int]]) -> tuple[float, ...]:
    """The cell of the same lattice on other axes (rows, in terms of the old ones)."""
    unit = axes_of(cell)
    new = np.array(axes) @ unit
    lengths = np.linalg.norm(new, axis=1)
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = [new[i] @ new[j] / (lengths[i] * lengths[j]) for i, j in pairs]
    return (*lengths.tolist(), *np.degrees(np.arccos(cosines)).tolist())


def axes_of(cell: Sequence[float]) -> np.ndarray:
    """a, b, c as rows (Å)."""
    a, b, c = cell[:3]
    cos_a, cos_b, cos_g = np.cos(np.radians(cell[3:]))
    sin_g = np.sin(np.radians(cell[5]))
    y = (cos_a - cos_b * cos_g) / sin_g
    z = np.sqrt(1 - cos_b**2 - y**2)
    return np.array([[a, 0, 0], [b * cos_g, b * sin_g, 0], [c * cos_b, c * y, c * z]])


def test_neither_order_nor_repetition_of_results_matters() -> None:
    messages = [batch([result(n, n_lattices=int(n % 3 == 0))]) for n in range(60)]
    expected = JobStatistics()
    for message in messages:
        expected.upsert(message)
    (group,) = cell_groups(expected)
    assert (group.n_lattices, group.edges_angstrom) == (20, (37.0, 78.0, 78.0))
    assert group.angles_deg == (90.0, 90.0, 90.0)
    shuffled, again = JobStatistics(), messages + messages[:30]
    random.Random(3).shuffle(again)
    for message in again:
        shuffled.upsert(message)
    assert cell_groups(shuffled) == cell_groups(expected)
