"""Numbers of the page against numbers of Python: equal up to the last bits."""

import math
from typing import Any

import numpy as np


def assert_close(found: Any, expected: Any, where: str = "") -> None:
    """Equal structures; fractions equal up to the last bits."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_close(found[key], value, f"{where}.{key}")
    elif isinstance(expected, float):
        assert found is not None, where
        assert math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12), where
    else:
        assert found == expected, where


def close_lists(found: list[Any], expected: list[Any]) -> bool:
    """Equal up to the last bits, None for None."""
    return [value is None for value in found] == [value is None for value in expected] and bool(
        np.allclose(
            [value for value in found if value is not None],
            [value for value in expected if value is not None],
            rtol=1e-12,
            atol=0,
        )
    )
