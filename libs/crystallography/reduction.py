"""Reduced lattices: what is the same for every choice of axes. Pure, many lattices at once.

Selling's reduction of the four vectors a, b, c, −(a+b+c); the lengths of its seven Voronoi vectors,
in order, describe the lattice and change smoothly with it, unlike a Niggli cell, whose angles jump
(Andrews, Bernstein & Sauter, Acta Cryst. A75, 115, 2019; Delone, Z. Kristallogr. 84, 109, 1933).
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
MOST_STEPS = 200
OBTUSE = 1e-9
"""Products above this part of the largest squared length are not reduced yet."""
FLAT = 1e-3
"""Three vectors that span less than this part of a box of their lengths lie in one plane."""
RIGHT_ANGLE_COS = 0.005
"""Within 0.3° of 90° the sign of an angle says nothing."""


def voronoi_vectors(cells: FloatArray) -> FloatArray:
    """Float [n, 7, 3] (Å), shortest first, of cells float [n, 6] (Å, degrees) of any setting."""
    four = _selling(_superbase(cells))
    a, b, c = four[:, 0], four[:, 1], four[:, 2]
    seven = np.stack([a, b, c, four[:, 3], a + b, a + c, b + c], axis=1)
    order = np.argsort(np.linalg.norm(seven, axis=2), axis=1, kind="stable")
    sorted_: FloatArray = np.take_along_axis(seven, order[:, :, np.newaxis], axis=1)
    return sorted_


def shortest_base(vectors: FloatArray) -> tuple[int, int, int]:
    """Which of the seven vectors (float [7, 3], shortest first) are the reduced cell's axes."""
    for third in range(2, len(vectors)):
        base = vectors[[0, 1, third]]
        if abs(np.linalg.det(base)) > FLAT * np.linalg.norm(base, axis=1).prod():
            return 0, 1, third
    return 0, 1, 2


def reduced_angles_deg(base: FloatArray) -> tuple[float, float, float]:
    """α, β, γ of three axes (float [3, 3]), all acute or, as for right angles, none."""
    unit = base / np.linalg.norm(base, axis=1)[:, np.newaxis]
    cosines = np.array([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]])
    signs = np.sign(cosines) * (np.abs(cosines) > RIGHT_ANGLE_COS)
    sizes = np.abs(cosines) if signs.prod() > 0 else -np.abs(cosines)
    sizes = np.where(signs == 0, -np.abs(cosines), sizes)
    alpha, beta, gamma = np.degrees(np.arccos(np.clip(sizes, -1.0, 1.0))).tolist()
    return alpha, beta, gamma


def _superbase(cells: FloatArray) -> FloatArray:
    a, b, c = cells[:, 0], cells[:, 1], cells[:, 2]
    cosines = np.cos(np.radians(cells[:, 3:]))
    sin_gamma = np.sin(np.radians(cells[:, 5]))
    x = cosines[:, 1]
    y = (cosines[:, 0] - cosines[:, 1] * cosines[:, 2]) / sin_gamma
    z = np.sqrt(np.maximum(1.0 - x**2 - y**2, 0.0))
    four = np.zeros((len(cells), 4, 3))
    four[:, 0, 0] = a
    four[:, 1, :2] = np.column_stack([b * cosines[:, 2], b * sin_gamma])
    four[:, 2] = np.column_stack([c * x, c * y, c * z])
    four[:, 3] = -four[:, :3].sum(axis=1)
    return four


def _selling(four: FloatArray) -> FloatArray:
    """All products of two of the four vectors ≤ 0: the largest one is undone, again and again."""
    four = four.copy()
    for _ in range(MOST_STEPS):
        products = np.column_stack([(four[:, i] * four[:, j]).sum(axis=1) for i, j in PAIRS])
        limit = OBTUSE * (four**2).sum(axis=2).max(axis=1)
        worst = products.argmax(axis=1)
        todo = products.max(axis=1) > limit
        if not todo.any():
            break
        for number, (i, j) in enumerate(PAIRS):
            at = np.flatnonzero(todo & (worst == number))
            moved = four[at, i]
            for k in set(range(4)) - {i, j}:
                four[at, k] += moved
            four[at, i] = -moved
    return four
