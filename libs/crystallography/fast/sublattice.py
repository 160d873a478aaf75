"""Whether indices use only a sublattice: then the assumed cell is a multiple of the true one."""

import itertools

import numpy as np
from numpy.typing import NDArray

FEWEST = 16
SHARE = 0.93
"""Axial and zonal absences put some, but never nearly all, reflections into one class."""


def in_sublattice(miller: NDArray[np.int64]) -> bool:
    """Whether nearly all primitive indices [n, 3] obey one condition p · h ≡ 0 modulo 2 or 3."""
    if len(miller) < FEWEST:
        return False
    for modulus in (2, 3):
        for condition in _conditions(modulus):
            if (miller @ condition % modulus == 0).mean() > SHARE:
                return True
    return False


def _conditions(modulus: int) -> list[NDArray[np.int64]]:
    """One vector for each plane family modulo a prime."""
    vectors = itertools.product(range(modulus), repeat=3)
    return [np.array(v) for v in vectors if any(v) and next(x for x in v if x) == 1]
