"""Intensities of all reflections: Wilson statistics, the symmetry of the crystal, no atoms.

The value of a reflection is a hash of its orbit, so a table needs no state and is the same in
every run; change `structure_seed` only to simulate another structure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.simulation.orbit_kernel import find_orbits
from libs.simulation.symmetry import FloatArray, IntArray, Operation, Sample, b_matrix, close_group

WILSON_B_A2 = 20.0
STRUCTURE_SEED = 1

_GOLDEN = 0x9E3779B97F4A7C15
_SECOND_STREAM = np.uint64(0xABCDEF123456789)


@dataclass(frozen=True, kw_only=True)
class IntensityTable:
    """`values[h + H, k + K, l + L]`, float32, mean 1 at q = 0; `limits` is (H, K, L)."""

    values: NDArray[np.float32]
    limits: tuple[int, int, int]


def intensity_table(
    sample: Sample, d_min_angstrom: float, structure_seed: int = STRUCTURE_SEED
) -> IntensityTable:
    """All reflections to `d_min_angstrom`; zero beyond, in the corners of the index box."""
    limits = [int(edge / d_min_angstrom) + 1 for edge in sample.unit_cell[:3]]
    miller, q = _half_sphere(limits, sample, 1.0 / d_min_angstrom)
    operations = sorted(close_group(sample.generators), key=_is_not_centring)
    key, absent, epsilon, centric = find_orbits(
        miller,
        np.array([operation.rotation for operation in operations]),
        np.array([operation.translation for operation in operations]),
    )
    random = _wilson_variates(key, centric, structure_seed)
    intensity = np.where(absent, 0.0, epsilon * _mean(q) * random)
    values = np.zeros([2 * n + 1 for n in limits], np.float32)
    for mate in (miller, -miller):
        values[tuple((mate + limits).T)] = intensity
    return IntensityTable(values=values, limits=(*limits,))  # type: ignore[arg-type]


def _is_not_centring(operation: Operation) -> bool:
    return not np.array_equal(operation.rotation, np.eye(3))


def _half_sphere(limits: list[int], sample: Sample, q_max: float) -> tuple[IntArray, FloatArray]:
    """Indices within q_max (1/Å), one of each Friedel pair, without 0 0 0; and their q."""
    ranges = [np.arange(limits[0] + 1)] + [np.arange(-n, n + 1) for n in limits[1:]]
    miller = np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3)
    miller = miller[(2 * limits[1] + 1) * (2 * limits[2] + 1) // 2 + 1 :]
    q: FloatArray = np.linalg.norm(miller @ b_matrix(sample.unit_cell).T, axis=1)
    return miller[q <= q_max], q[q <= q_max]


def _mean(q: FloatArray) -> FloatArray:
    """Mean intensity of a protein at q = 1/d: Wilson's fall-off with its two broad features."""
    features = 1 + 0.9 * _bump(q, 0.22, 0.05) - 0.5 * _bump(q, 0.15, 0.03)
    result: FloatArray = np.exp(-WILSON_B_A2 * q**2 / 2) * features
    return result


def _bump(q: FloatArray, centre: float, width: float) -> FloatArray:
    result: FloatArray = np.exp(-0.5 * ((q - centre) / width) ** 2)
    return result


def _wilson_variates(key: IntArray, is_centric: NDArray[np.bool_], seed: int) -> FloatArray:
    """Exponential for acentric reflections, χ² of one degree of freedom for centric ones."""
    start = key.astype(np.uint64) + np.uint64(seed * _GOLDEN % 2**64)
    acentric = -np.log(_uniform(start))
    phase = _uniform(start ^ _SECOND_STREAM)
    centric = 2 * acentric * np.cos(2 * np.pi * phase) ** 2
    return np.where(is_centric, centric, acentric)


def _uniform(state: NDArray[np.uint64]) -> FloatArray:
    """splitmix64's finaliser (Steele et al. 2014), as numbers in (0, 1)."""
    with np.errstate(over="ignore"):
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    result: FloatArray = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return result
