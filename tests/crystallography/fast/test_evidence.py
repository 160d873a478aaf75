"""The calibration of what counts as more than chance: scrambled azimuths stay below the limit."""

import numpy as np
import pytest

from libs.crystallography.fast.evidence import (
    FAIR_DIRECTION_LIMIT,
    LIMIT,
    evidence,
    weakest_direction,
)
from libs.crystallography.fast.lattices import place_spots
from libs.crystallography.fast.search import QUICK, index_distances, search
from libs.simulation.conditions import Kind, condition_of
from libs.simulation.settings import BeamlineSettings
from tests.crystallography.fast.simulated import (
    detector_of,
    known_crystal,
    scrambled,
    shoot,
    spots_of,
)


def best(name: str, seed: int, *, scramble: bool) -> tuple[float, float]:
    """Evidence and weakest direction of the best candidate on a simulated hit."""
    settings = BeamlineSettings(sample=name)
    spots, _ = spots_of(shoot(settings, condition_of(Kind.HIT), seed))
    if scramble:
        spots = scrambled(spots, settings, seed)
    q = place_spots(spots, detector_of(settings)).q
    q = q[np.argsort(np.linalg.norm(q, axis=1))]
    basis = search(q, known_crystal(name).primitive_basis, QUICK)[0].basis
    return evidence(index_distances(basis, q)[1]), weakest_direction(basis, q)


@pytest.mark.parametrize("name", ["myoglobin", "lysozyme", "glucose_isomerase"])
def test_scrambled_spots_stay_below_the_limits_and_true_ones_above(name: str) -> None:
    for seed in range(4):
        noise, weakest = best(name, seed, scramble=True)
        assert noise < LIMIT
        assert weakest < FAIR_DIRECTION_LIMIT
        true, certain = best(name, seed, scramble=False)
        assert true > LIMIT + 10.0
        assert certain > FAIR_DIRECTION_LIMIT + 3.0


def test_points_on_the_lattice_are_certain_and_uniform_ones_are_not() -> None:
    rng = np.random.default_rng(2)
    assert evidence(np.full(30, 0.02)) > 50.0
    assert evidence(np.linalg.norm(rng.random((30, 3)) - 0.5, axis=1)) < 5.0
