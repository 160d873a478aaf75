"""Crystals per shot on samples of known λ."""

import math

import numpy as np
import pytest

from libs.crystallography.advice import crystals_per_shot
from libs.crystallography.advice.crystals import multi_lattice_fraction


def sample(
    crystals: float, n: int, clumped: float = 0.0, missed: float = 0.0, seed: int = 7
) -> dict[str, int]:
    """Counts of n frames with solvent, with every crystal found and indexed."""
    rng = np.random.default_rng(seed)
    found = rng.poisson(crystals, n)
    found = found + rng.binomial(found, clumped)
    hits = found > 0
    multi = (found > 1) & (rng.random(n) >= missed)
    return {
        "n_solvent": n,
        "n_hits": int(hits.sum()),
        "n_indexed": int(hits.sum()),
        "n_multi_lattice": int(multi.sum()),
    }


@pytest.mark.parametrize("crystals", [0.02, 0.3, 1.0, 2.5, 4.0])
def test_poisson_samples(crystals: float) -> None:
    found = crystals_per_shot(**sample(crystals, 20_000))
    assert found.value == pytest.approx(crystals, rel=0.1)
    assert found.factor == found.value
    samples = [crystals_per_shot(**sample(crystals, 500, seed=seed)) for seed in range(200)]
    assert sum(one.low < crystals < one.high for one in samples) >= 182
    assert sum(one.clumping in {"as_predicted", "unknown"} for one in samples) >= 190


@pytest.mark.parametrize("crystals", [0.3, 1.0, 2.0])
def test_clumped_samples_have_more_multi_lattice_frames(crystals: float) -> None:
    assert crystals_per_shot(**sample(crystals, 5000, clumped=0.3)).clumping == "clumped"


def test_missed_second_lattices() -> None:
    assert crystals_per_shot(**sample(2.0, 5000, missed=0.5)).clumping == "missed"


@pytest.mark.parametrize(
    ("crystals", "n", "certain"),
    [(0.3, 500, True), (0.6, 100, False), (1.0, 5000, False), (1.6, 100, False), (2.5, 500, True)],
)
def test_a_change_is_worthwhile_beyond_a_factor_of_one_and_a_half(
    crystals: float, n: int, certain: bool
) -> None:
    assert crystals_per_shot(**sample(crystals, n)).is_certain is certain


@pytest.mark.parametrize(("n_hits", "low", "high"), [(0, 0.0, 0.1), (100, 2.5, math.inf)])
def test_undefined_without_hits_and_with_nothing_but_hits(
    n_hits: int, low: float, high: float
) -> None:
    found = crystals_per_shot(n_solvent=100, n_hits=n_hits, n_indexed=0, n_multi_lattice=0)
    assert found.value is None
    assert found.factor is None
    assert found.clumping == "unknown"
    assert found.low >= low
    assert found.high >= high if math.isinf(high) else found.high < high


def test_no_frames_at_all() -> None:
    found = crystals_per_shot(n_solvent=0, n_hits=0, n_indexed=0, n_multi_lattice=0)
    assert (found.value, found.low, found.high) == (None, 0.0, math.inf)


def test_the_predicted_fraction_of_multi_lattice_frames() -> None:
    assert multi_lattice_fraction(0) == 0
    assert multi_lattice_fraction(1.0) == pytest.approx(1 - 1 / (math.e - 1))
    assert multi_lattice_fraction(1e6) == 1
