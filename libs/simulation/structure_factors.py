"""Intensities of all reflections: Wilson statistics, the symmetry of the crystal, no atoms.

The value of a reflection is a hash of its orbit, so a table needs no state and is the same in
every run; change `structure_seed` only to simulate another structure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.simulation.symmetry import (
    TRANSLATION_UNIT,
    FloatArray,
    IntArray,
    Operation,
    Sample,
    b_matrix,
    close_group,
)

WILSON_B_A2 = 20.0
STRUCTURE_SEED = 1

_INDEX_OFFSET = 512  # makes Miller indices positive before they are packed, ten bits each
_GOLDEN = 0x9E3779B97F4A7C15
_SECOND_STREAM = np.uint64(0xABCDEF123456789)


@dataclass(frozen=True, kw_only=True)
class IntensityTable:
    """`values[h + H, k + K, l + L]`, float32, mean 1 at q = 0; `limits` is (H, K, L)."""

    values: NDArray[np.float32]
    limits: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class _Orbits:
    """Per reflection: its orbit's number, absent or not, multiplicity ε, centric or not."""

    key: IntArray
    absent: NDArray[np.bool_]
    epsilon: IntArray
    centric: NDArray[np.bool_]


def intensity_table(
    sample: Sample, d_min_angstrom: float, structure_seed: int = STRUCTURE_SEED
) -> IntensityTable:
    """All reflections to `d_min_angstrom` (and beyond, in the corners of the index box)."""
    limits = [int(edge / d_min_angstrom) + 1 for edge in sample.unit_cell[:3]]
    ranges = [np.arange(-n, n + 1) for n in limits]
    miller = np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3)
    orbits = _find_orbits(miller, close_group(sample.generators))
    q = np.linalg.norm(miller @ b_matrix(sample.unit_cell).T, axis=1)
    random = _wilson_variates(orbits, structure_seed)
    intensity = np.where(orbits.absent | (q == 0), 0.0, orbits.epsilon * _mean(q) * random)
    values = intensity.reshape([2 * n + 1 for n in limits]).astype(np.float32)
    return IntensityTable(values=np.ascontiguousarray(values), limits=(*limits,))  # type: ignore[arg-type]


def _mean(q: FloatArray) -> FloatArray:
    """Mean intensity of a protein at q = 1/d: Wilson's fall-off with its two broad features."""
    features = 1 + 0.9 * _bump(q, 0.22, 0.05) - 0.5 * _bump(q, 0.15, 0.03)
    result: FloatArray = np.exp(-WILSON_B_A2 * q**2 / 2) * features
    return result


def _bump(q: FloatArray, centre: float, width: float) -> FloatArray:
    result: FloatArray = np.exp(-0.5 * ((q - centre) / width) ** 2)
    return result


def _find_orbits(miller: IntArray, operations: list[Operation]) -> _Orbits:
    key = np.zeros(len(miller), np.int64)
    absent = np.zeros(len(miller), bool)
    epsilon = np.zeros(len(miller), np.int64)
    centric = np.zeros(len(miller), bool)
    for operation in operations:
        image = miller @ operation.rotation
        same = (image == miller).all(1)
        epsilon += same
        centric |= (image == -miller).all(1)
        absent |= same & ((miller @ operation.translation) % TRANSLATION_UNIT != 0)
        key = np.maximum(key, np.maximum(_pack(image), _pack(-image)))
    return _Orbits(key=key, absent=absent, epsilon=epsilon, centric=centric)


def _pack(miller: IntArray) -> IntArray:
    shifted = miller + _INDEX_OFFSET
    packed: IntArray = (shifted[:, 0] << 20) | (shifted[:, 1] << 10) | shifted[:, 2]
    return packed


def _wilson_variates(orbits: _Orbits, seed: int) -> FloatArray:
    """Exponential for acentric reflections, χ² of one degree of freedom for centric ones."""
    start = orbits.key.astype(np.uint64) + np.uint64(seed * _GOLDEN % 2**64)
    acentric = -np.log(_uniform(start))
    phase = _uniform(start ^ _SECOND_STREAM)
    centric = 2 * acentric * np.cos(2 * np.pi * phase) ** 2
    return np.where(orbits.centric, centric, acentric)


def _uniform(state: NDArray[np.uint64]) -> FloatArray:
    """splitmix64's finaliser (Steele et al. 2014), as numbers in (0, 1)."""
    with np.errstate(over="ignore"):
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    result: FloatArray = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return result
