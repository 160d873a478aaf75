"""Which vectors of a lattice found are a, b and c of the known cell, and whether it is that cell.

Decided on the metric alone. A beam centre that is off by a pixel distorts the metric enough to
exchange axes that are nearly alike (a ≈ b within 1 %, or a lattice that is nearly of higher
symmetry), so the beam centre is fitted along with the basis here, for this choice only.
"""

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.lattice import matched

Floats = NDArray[np.float64]

NEAR = 0.2
ROUNDS = 3
SHIFT_WEIGHT = 1e4
"""Of a squared shift (1/Å²) against squared indices: about a pixel, with spots 0.06 off."""


def named_axes(basis: Floats, q: Floats, s0: Floats, known: Floats) -> Floats:
    """The lattice of `basis` with its vectors chosen as those of the primitive basis `known`.

    Bases have rows in Å; `q` [n, 3] in 1/Å of the spots; `s0` along the beam.
    """
    centred = centred_basis(basis, q, s0)
    chosen, _ = matched(centred, known @ known.T)
    change = np.rint(chosen @ np.linalg.inv(centred))
    named: Floats = change @ basis
    return named


def centred_basis(basis: Floats, q: Floats, s0: Floats) -> Floats:
    """The basis fitted to h = B (q − s), with the shift s at right angles to the beam.

    Linear least squares in B and s, repeated; spots farther than NEAR from an index are left out.
    """
    plane = np.linalg.svd(s0[None])[2][1:]
    shift = np.zeros(3)
    for _ in range(ROUNDS):
        fractional = (q - shift) @ basis.T
        rest = np.rint(fractional) - fractional
        near = (np.abs(rest) < NEAR).all(axis=1)
        if near.sum() < len(plane) + 3:
            break
        change, moved = _step(basis, (q - shift)[near], rest[near], plane, shift)
        basis, shift = basis + change, shift + moved
    return basis


def _step(
    basis: Floats, q: Floats, rest: Floats, plane: Floats, shift: Floats
) -> tuple[Floats, Floats]:
    """Changes of B and s that minimise |rest − δB q + B δs|² and the weighted shift."""
    n = len(q)
    design = np.zeros((3 * n + 2, 11))
    for axis in range(3):
        design[axis : 3 * n : 3, 3 * axis : 3 * axis + 3] = q
    design[: 3 * n, 9:] = np.tile(-(plane @ basis.T).T, (n, 1))
    weight = np.sqrt(SHIFT_WEIGHT)
    design[3 * n :, 9:] = weight * np.eye(2)
    right = np.concatenate([rest.ravel(), -weight * (plane @ shift)])
    solution = np.linalg.lstsq(design, right, rcond=None)[0]
    return solution[:9].reshape(3, 3), solution[9:] @ plane
