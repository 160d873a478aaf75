"""Observed against predicted positions."""

import numpy as np
import pytest

from libs.crystallography import offset_px, rmsd_px


def test_rmsd_and_offset() -> None:
    observed, predicted = [[1.0, 2.0], [4.0, 6.0]], [[1.0, 1.0], [1.0, 6.0]]
    assert rmsd_px(observed, predicted) == pytest.approx(np.sqrt((1 + 9) / 2))
    assert offset_px(observed, predicted) == (1.5, 0.5)


def test_no_positions_no_numbers() -> None:
    nothing = np.zeros((0, 2))
    assert rmsd_px(nothing, nothing) is None
    assert offset_px(nothing, nothing) is None
