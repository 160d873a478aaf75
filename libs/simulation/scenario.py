"""Scenarios in time: what each frame of a run meets, as a pure function of seed and frame number.

A scenario holds no state, so any frame can be asked for at any time, in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from libs.simulation.conditions import (
    STRONG_LIMIT_ANGSTROM,
    Condition,
    Kind,
    condition_of,
    crystals_in_jet,
)

_STREAM = 101  # keeps these random numbers apart from those that draw the shot itself


class Scenario(Protocol):
    """`onset_frame` is the first frame of the trouble, `cure_frame` the first one after it."""

    @property
    def name(self) -> str: ...

    @property
    def onset_frame(self) -> int | None: ...

    @property
    def cure_frame(self) -> int | None: ...

    def condition(self, seed: int, frame: int) -> Condition: ...


@dataclass(frozen=True, kw_only=True)
class Mix:
    """The experiment's state: how likely a jet is, how many crystals it brings, how good they are.

    `crystals_per_shot` is the mean of a Poisson distribution; `weak` is the fraction of single
    crystals that diffract weakly, `junk` that of jet frames with spots of no lattice.
    """

    beam: bool = True
    jet: float = 0.97
    crystals_per_shot: float = 0.5
    weak: float = 0.08
    junk: float = 0.02
    d_limit_angstrom: float = STRONG_LIMIT_ANGSTROM


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One state until `onset_frame`, another one until `cure_frame`, then the first again."""

    name: str
    before: Mix
    after: Mix
    onset_frame: int | None = None
    cure_frame: int | None = None

    def mix(self, frame: int) -> Mix:
        if self.onset_frame is None or frame < self.onset_frame:
            return self.before
        cured = self.cure_frame is not None and frame >= self.cure_frame
        return self.before if cured else self.after

    def condition(self, seed: int, frame: int) -> Condition:
        return draw_condition(self.mix(frame), np.random.default_rng([seed, frame, _STREAM]))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A fixed order of kinds, repeated when the run is longer."""

    kinds: Sequence[Kind]
    name: str = "plan"
    onset_frame: int | None = None
    cure_frame: int | None = None

    def condition(self, seed: int, frame: int) -> Condition:
        return condition_of(self.kinds[frame % len(self.kinds)])


def draw_condition(mix: Mix, rng: np.random.Generator) -> Condition:
    """One shot's condition. Every draw is made every time: a change of one rate moves no other."""
    jet, junk, weak = (rng.random(3) < (mix.jet, mix.junk, mix.weak)).tolist()
    n = int(rng.poisson(mix.crystals_per_shot))
    if not mix.beam:
        return condition_of(Kind.DARK)
    if not jet:
        return condition_of(Kind.NOJET)
    if n == 0:
        return condition_of(Kind.JUNK if junk else Kind.JET)
    if n == 1 and weak:
        return condition_of(Kind.WEAK, mix.d_limit_angstrom)
    return crystals_in_jet(n, mix.d_limit_angstrom)
