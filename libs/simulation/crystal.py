"""The crystals of a shot: drawn at random, described by what the truth file says of them."""

import math
from dataclasses import dataclass

import numpy as np

from libs.simulation.models import CrystalModel
from libs.simulation.symmetry import FloatArray, Sample, UnitCell, b_matrix

CELL_SPREAD = 0.001
WEAK_LIMIT_ANGSTROM = 3.5


@dataclass(frozen=True, kw_only=True)
class Crystal:
    """`orientation` is U (3 × 3); `photons` scales the intensity table at unit pulse energy."""

    unit_cell: UnitCell
    orientation: FloatArray
    d_limit_angstrom: float
    photons: float
    mosaicity_deg: float
    domain_angstrom: float

    def a_matrix(self) -> FloatArray:
        """q = A · h, in 1/Å."""
        setting: FloatArray = np.ascontiguousarray(self.orientation @ b_matrix(self.unit_cell))
        return setting

    def model(self, pulse: float) -> CrystalModel:
        return CrystalModel(
            photons=self.photons * pulse,
            domain_width=0.45 / self.domain_angstrom,
            mosaicity_rad=math.radians(self.mosaicity_deg),
            q_limit=1 / self.d_limit_angstrom,
        )


def draw_crystal(
    rng: np.random.Generator, sample: Sample, *, d_limit_angstrom: float, weak: bool, first: bool
) -> Crystal:
    """A crystal of `sample`; the second and further ones of a shot are hit less squarely."""
    mean_photons = (300 if weak else 1800) * (1.0 if first else 0.7)
    limit = rng.normal(WEAK_LIMIT_ANGSTROM, 0.4) if weak else rng.normal(d_limit_angstrom, 0.35)
    return Crystal(
        unit_cell=_draw_cell(rng, sample.unit_cell),
        orientation=draw_rotation(rng),
        d_limit_angstrom=float(np.clip(limit, 1.8, 5.0)),
        photons=float(mean_photons * np.exp(rng.normal(0, 0.45))),
        mosaicity_deg=float(0.04 * np.exp(rng.normal(0, 0.3))),
        domain_angstrom=float(1800 * np.exp(rng.normal(0, 0.25))),
    )


def _draw_cell(rng: np.random.Generator, cell: UnitCell) -> UnitCell:
    """Crystals differ by a tenth of a per cent; a = b stays true, and a = c in cubic forms."""
    across, along = 1 + rng.normal(0, CELL_SPREAD, 2)
    if cell[0] == cell[2]:
        along = across
    a, b, c = float(cell[0] * across), float(cell[1] * across), float(cell[2] * along)
    return (a, b, c, *cell[3:])


def draw_rotation(rng: np.random.Generator) -> FloatArray:
    """Uniform over all orientations, from a random unit quaternion (Shoemake 1992)."""
    v = rng.normal(size=4)
    w, x, y, z = v / np.linalg.norm(v)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
