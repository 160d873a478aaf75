"""What a shot meets: beam, jet and crystals, and the word that the truth file has for it."""

from dataclasses import dataclass
from enum import StrEnum

STRONG_LIMIT_ANGSTROM = 2.3


class Kind(StrEnum):
    """`many` is four lattices or more; `junk` has spots that belong to no lattice."""

    DARK = "dark"
    NOJET = "nojet"
    JET = "jet"
    JUNK = "junk"
    WEAK = "weak"
    HIT = "hit"
    TWO = "two"
    THREE = "three"
    MANY = "many"


_LATTICES = {Kind.WEAK: 1, Kind.HIT: 1, Kind.TWO: 2, Kind.THREE: 3, Kind.MANY: 4}
_KIND_BY_LATTICES = {1: Kind.HIT, 2: Kind.TWO, 3: Kind.THREE}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """`d_limit_angstrom` is the mean resolution limit of strong crystals at this time."""

    kind: Kind
    n_lattices: int
    d_limit_angstrom: float = STRONG_LIMIT_ANGSTROM

    @property
    def beam(self) -> bool:
        return self.kind is not Kind.DARK

    @property
    def jet(self) -> bool:
        return self.kind not in (Kind.DARK, Kind.NOJET)


def condition_of(kind: Kind, d_limit_angstrom: float = STRONG_LIMIT_ANGSTROM) -> Condition:
    n_lattices = _LATTICES.get(kind, 0)
    return Condition(kind=kind, n_lattices=n_lattices, d_limit_angstrom=d_limit_angstrom)


def crystals_in_jet(n: int, d_limit_angstrom: float) -> Condition:
    """`n` strong crystals in the beam."""
    kind = _KIND_BY_LATTICES.get(n, Kind.MANY) if n else Kind.JET
    return Condition(kind=kind, n_lattices=n, d_limit_angstrom=d_limit_angstrom)
