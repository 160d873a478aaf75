"""The loop over reflections and symmetry operations: orbits, absences, multiplicities."""

import numpy as np
from numpy.typing import NDArray

from libs.simulation.compiled import compiled

TRANSLATION_UNIT = 24
INDEX_OFFSET = 512  # makes Miller indices positive before they are packed, ten bits each

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@compiled
def pack(h: int, k: int, m: int) -> int:
    """One number for an index."""
    return ((h + INDEX_OFFSET) << 20) | ((k + INDEX_OFFSET) << 10) | (m + INDEX_OFFSET)


@compiled
def find_orbits(
    miller: Integers, rotations: Integers, translations: Integers
) -> tuple[Integers, Flags, Integers, Flags]:
    """Of each index [n, 3]: its orbit's number, absent or not, multiplicity ε, centric or not.

    `rotations` [m, 3, 3], `translations` [m, 3] in twenty-fourths of a cell edge. Of an absent
    reflection nothing else is found out.
    """
    n = len(miller)
    key, absent = np.zeros(n, np.int64), np.zeros(n, np.bool_)
    epsilon, centric = np.zeros(n, np.int64), np.zeros(n, np.bool_)
    for i in range(n):
        h, k, m = miller[i, 0], miller[i, 1], miller[i, 2]
        for j in range(len(rotations)):
            r, t = rotations[j], translations[j]
            a = h * r[0, 0] + k * r[1, 0] + m * r[2, 0]
            b = h * r[0, 1] + k * r[1, 1] + m * r[2, 1]
            c = h * r[0, 2] + k * r[1, 2] + m * r[2, 2]
            key[i] = max(key[i], pack(a, b, c), pack(-a, -b, -c))
            if a == -h and b == -k and c == -m:
                centric[i] = True
            if a == h and b == k and c == m:
                epsilon[i] += 1
                if (h * t[0] + k * t[1] + m * t[2]) % TRANSLATION_UNIT != 0:
                    absent[i] = True
                    break
    return key, absent, epsilon, centric
