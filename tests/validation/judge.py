"""A frame's result against the truth: which lattices are right, how far orientation and cell are.

Spot positions show the symmetry of the lattice only, so orientations are compared modulo that, and
modulo what is a symmetry up to a strain of 0.4 %: crystals and headers differ by as much
(myoglobin's cell is C-centred orthorhombic but for 0.2 %).
"""

from dataclasses import dataclass

import numpy as np

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.lattice import misorientation_deg
from libs.messages import FrameResult
from libs.simulation import Kind, LatticeTruth
from tests.validation.cases import Case

RIGHT_DEG = 1.0
ENOUGH_SPOTS = 25
INDISTINCT_STRAIN = 0.004
CRYSTAL_KINDS = (Kind.HIT, Kind.WEAK, Kind.TWO, Kind.THREE)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`errors_deg` and `cell_errors` (relative, of the edges) are those of the right lattices."""

    sample: str
    kind: Kind
    spoiled: bool
    wrong_cell: bool
    frame: int
    n_strong: int
    n_visible: tuple[int, ...]
    """Spots that each true lattice shows."""
    n_found: int
    found: tuple[bool, ...]
    """Which of the true lattices were found."""
    errors_deg: tuple[float, ...]
    cell_errors: tuple[float, ...]
    reason: str

    @property
    def empty(self) -> bool:
        """Nothing may index here."""
        return self.wrong_cell or self.kind not in CRYSTAL_KINDS

    @property
    def enough(self) -> bool:
        """A hit that must index: its best lattice shows enough spots."""
        return not self.empty and max(self.n_visible) >= ENOUGH_SPOTS

    def all_visible(self, kind: Kind) -> bool:
        """A frame of this kind, each lattice of which shows enough spots."""
        return not self.empty and self.kind is kind and min(self.n_visible) >= ENOUGH_SPOTS

    @property
    def false(self) -> int:
        """Lattices that are not there, or there once and found twice."""
        return self.n_found - sum(self.found)

    @property
    def right(self) -> bool:
        """As the truth says: a lattice where one is, no other."""
        return self.false == 0 and (self.n_found > 0) != self.empty


def judge(case: Case, result: FrameResult, crystal: KnownCrystal) -> Verdict:
    """`crystal` is the one that the recipe names."""
    rotations = crystal.lattice_rotations(INDISTINCT_STRAIN)
    truth, lattices = case.truth, case.truth.lattices
    found, errors, cells = [False] * len(lattices), [], []
    for lattice in () if case.wrong_cell else result.lattices:
        setting = np.reshape(lattice.a_matrix, (3, 3))
        angles = [misorientation_deg(setting, _setting(true), rotations) for true in lattices]
        if not angles or min(angles) > RIGHT_DEG:
            continue
        nearest = int(np.argmin(angles))
        found[nearest] = True
        errors.append(angles[nearest])
        cells.append(cell_difference(lattice.unit_cell, lattices[nearest].unit_cell))
    return Verdict(
        sample=case.group.sample,
        kind=truth.kind,
        spoiled=case.group.spoiled,
        wrong_cell=case.wrong_cell,
        frame=truth.frame,
        n_strong=result.n_strong,
        n_visible=tuple(lattice.n_over_60 for lattice in lattices),
        n_found=len(result.lattices),
        found=tuple(found),
        errors_deg=tuple(errors),
        cell_errors=tuple(cells),
        reason=result.reason,
    )


def cell_difference(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Largest relative difference of an edge."""
    return float(np.abs(np.array(first[:3]) / np.array(second[:3]) - 1.0).max())


def _setting(true: LatticeTruth) -> np.ndarray:
    return np.reshape(true.a_matrix, (3, 3))
