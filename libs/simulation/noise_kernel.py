"""Poisson noise, fast: one table look-up per pixel, one 64-bit random number per two pixels.

Walker's alias method (1977) with a table per detector ring; the random numbers are splitmix64.
Means up to 20 photons; the caller adds several draws where the background is stronger.
"""

import math

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from libs.simulation.compiled import compiled
from libs.simulation.symmetry import FloatArray

OUTCOMES = 64
LARGEST_MEAN = 20.0

_THRESHOLD_ONE = 67108864.0  # 2**26: the threshold's bits above the six of the alias
_THRESHOLD_FULL = 67108863


@compiled
def fill_poisson(mean: float, p: FloatArray) -> None:
    """Probabilities of 0 … 63 photons times 64; the last one holds the tail."""
    value = math.exp(-mean)
    total = 0.0
    for k in range(OUTCOMES):
        p[k] = value
        total += value
        value *= mean / (k + 1)
    p[OUTCOMES - 1] += max(0.0, 1.0 - total)
    for k in range(OUTCOMES):
        p[k] *= OUTCOMES


@compiled
def fill_alias_tables(means: FloatArray, tables: NDArray[np.uint32]) -> None:
    """`tables[ring, k]` = threshold << 6 | alias, for Poisson(`means[ring]`)."""
    p = np.empty(OUTCOMES)
    small = np.empty(OUTCOMES, np.int64)
    large = np.empty(OUTCOMES, np.int64)
    for ring in range(means.shape[0]):
        fill_poisson(means[ring], p)
        n_small = 0
        n_large = 0
        for k in range(OUTCOMES):
            tables[ring, k] = uint32((_THRESHOLD_FULL << 6) | k)
            if p[k] < 1.0:
                small[n_small] = k
                n_small += 1
            else:
                large[n_large] = k
                n_large += 1
        while n_small > 0 and n_large > 0:
            n_small -= 1
            poor = small[n_small]
            rich = large[n_large - 1]
            tables[ring, poor] = uint32((int(p[poor] * _THRESHOLD_ONE) << 6) | rich)
            p[rich] -= 1.0 - p[poor]
            if p[rich] < 1.0:
                n_large -= 1
                small[n_small] = rich
                n_small += 1


@compiled
def add_background(
    image: NDArray[np.int32],
    ring_of_pixel: NDArray[np.uint16],
    tables: NDArray[np.uint32],
    seed: int,
) -> None:
    """Add one Poisson draw to every pixel."""
    pixels = image.ravel()
    rings = ring_of_pixel.ravel()
    state = uint64(seed)
    for pair in range(0, pixels.shape[0], 2):
        state += uint64(0x9E3779B97F4A7C15)
        mixed = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> uint64(27))) * uint64(0x94D049BB133111EB)
        mixed ^= mixed >> uint64(31)
        for half in range(min(2, pixels.shape[0] - pair)):
            draw = uint32(mixed >> uint64(32 * half))
            outcome = draw & uint32(63)
            entry = tables[rings[pair + half], outcome]
            if (draw >> uint32(6)) < (entry >> uint32(6)):
                pixels[pair + half] += outcome
            else:
                pixels[pair + half] += entry & uint32(63)
