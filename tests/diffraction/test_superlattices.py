"""Lattices that are multiples of another one count for it."""

import numpy as np
import pytest

from libs.crystallography.cells import Cell
from libs.diffraction.debian_gaps import prepare

pytestmark = pytest.mark.system
LYSOZYME: Cell = (38.0, 79.1, 79.1, 90.0, 90.0, 90.0)
MEASURED: list[Cell] = [
    (75.99, 79.01, 87.65, 89.98, 64.34, 90.01),
    (75.95, 79.17, 87.83, 89.96, 64.41, 89.91),
    (37.99, 78.85, 78.96, 89.93, 90.05, 89.87),
    (38.00, 79.22, 79.22, 90.04, 90.00, 90.02),
    (37.98, 78.99, 79.05, 89.97, 90.02, 89.98),
    (38.06, 79.02, 79.03, 89.96, 90.01, 89.98),
]


def test_what_stock_dials_finds_on_six_hits_of_lysozyme_is_one_cell() -> None:
    """Two of them doubled: in P1, by fft3d, on simulated frames."""
    prepare()
    from libs.diffraction.cell_finding import propose_cells

    for cells in (MEASURED, MEASURED[::-1], MEASURED[:4]):
        (found,) = propose_cells(cells)
        assert (found.n_lattices, found.n_of, found.n_superlattices) == (len(cells), len(cells), 2)
        assert (found.bravais, found.space_group) == ("tP", "P422")
        assert found.unit_cell == pytest.approx((79.1, 79.1, 38.0, 90, 90, 90), rel=0.003)


def test_a_doubled_cell_alone_is_what_was_found() -> None:
    prepare()
    from libs.diffraction.cell_finding import propose_cells

    (found,) = propose_cells(MEASURED[:2])
    assert found.n_superlattices == 0
    assert np.prod(found.unit_cell[:3]) > 1.9 * 79.1 * 79.1 * 38.0


@pytest.mark.parametrize(
    ("large", "expected"),
    [
        ((76.0, 79.1, 79.1, 90, 90, 90), True),
        ((38.0, 79.1, 158.2, 90, 90, 90), True),
        ((38.0, 79.1, 237.3, 90, 90, 90), True),
        (LYSOZYME, False),
        ((38.0, 84.0, 149.0, 90, 90, 90), False),
        ((54.0, 58.0, 152.0, 90, 90, 90), False),
    ],
)
def test_multiples_are_recognised_and_only_they(large: Cell, expected: bool) -> None:
    prepare()
    from libs.diffraction.superlattices import is_superlattice

    assert is_superlattice(large, LYSOZYME) is expected
