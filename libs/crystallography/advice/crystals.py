"""How many crystals a shot meets, whether they clump, and how far the sample is from the best.

FIELD, "Crystals per shot": frames with solvent are hits with probability h = 1 − exp(−λ) when
crystals arrive as a Poisson process; single-crystal frames are most frequent at λ = 1.
"""

import math
from dataclasses import dataclass
from typing import Literal

from libs.crystallography.rates import rate, wilson
from libs.messages import Rate

BEST = 1.0
WORTHWHILE_FACTOR = 1.5
"""A smaller change of concentration is not worth the trouble."""
Clumping = Literal["clumped", "missed", "as_predicted", "unknown"]


@dataclass(frozen=True, kw_only=True)
class CrystalsPerShot:
    """λ with its 95 % interval; None where it is undefined (no hit, or nothing but hits)."""

    value: float | None
    low: float
    high: float
    predicted_multi_lattice: float | None
    """Among indexed frames, by Poisson: 1 − λ / (e^λ − 1)."""
    observed_multi_lattice: Rate
    clumping: Clumping

    @property
    def factor(self) -> float | None:
        """Dilute by this factor (above 1), or concentrate by its inverse (below 1)."""
        return None if self.value is None else self.value / BEST

    @property
    def is_certain(self) -> bool:
        """Whether the whole interval asks for a change that is worthwhile."""
        return self.low > WORTHWHILE_FACTOR or self.high < 1 / WORTHWHILE_FACTOR


def crystals_per_shot(
    *, n_solvent: int, n_hits: int, n_indexed: int, n_multi_lattice: int
) -> CrystalsPerShot:
    """λ from the hits among frames with solvent, and what the multi-lattice frames say to it.

    `n_multi_lattice` counts indexed frames with two or more lattices.
    """
    low, high = _interval(n_hits, n_solvent)
    value = lambda_of(n_hits / n_solvent) if 0 < n_hits < n_solvent else None
    observed = rate(n_multi_lattice, n_indexed)
    return CrystalsPerShot(
        value=value,
        low=low,
        high=high,
        predicted_multi_lattice=None if value is None else multi_lattice_fraction(value),
        observed_multi_lattice=observed,
        clumping=_clumping(low, high, observed),
    )


def lambda_of(hit_fraction: float) -> float:
    """λ = −ln(1 − h); infinite where every frame is a hit."""
    return math.inf if hit_fraction >= 1 else -math.log1p(-hit_fraction)


def multi_lattice_fraction(crystals: float) -> float:
    """1 − λ / (e^λ − 1): frames with two or more crystals among those with at least one."""
    if crystals == 0:
        return 0.0
    return 1.0 if crystals > 700 else 1 - crystals / math.expm1(crystals)


def _interval(n_hits: int, n_solvent: int) -> tuple[float, float]:
    if n_solvent == 0:
        return 0.0, math.inf
    low, high = wilson(n_hits, n_solvent)
    return lambda_of(low), lambda_of(high)


def _clumping(low: float, high: float, observed: Rate) -> Clumping:
    """Where the two intervals do not overlap, the difference is real."""
    if observed.low is None or observed.high is None or math.isinf(high):
        return "unknown"
    if observed.low > multi_lattice_fraction(high):
        return "clumped"
    if observed.high < multi_lattice_fraction(low):
        return "missed"
    return "as_predicted"
