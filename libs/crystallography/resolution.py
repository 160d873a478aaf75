"""Bragg's law, and resolution shells of equal reciprocal volume. Pure numpy.

Does not decide which reflections of a frame count: callers pass arrays.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_SHELLS = 10
Floats = NDArray[np.float64]


def two_theta_deg(d_angstrom: float, wavelength_angstrom: float) -> float:
    """Scattering angle (degrees) of a lattice spacing (Å): λ = 2 d sin θ.

    Raises ValueError where no such angle exists (d below λ/2).
    """
    sine = wavelength_angstrom / (2.0 * d_angstrom)
    if not 0.0 < sine <= 1.0:
        raise ValueError(
            f"{d_angstrom} Å cannot be observed at a wavelength of {wavelength_angstrom} Å"
        )
    return float(2.0 * np.degrees(np.arcsin(sine)))


def d_angstrom(two_theta: float, wavelength_angstrom: float) -> float:
    """Lattice spacing (Å) that scatters to `two_theta` degrees."""
    if not 0.0 < two_theta <= 180.0:
        raise ValueError(f"a scattering angle of {two_theta} degrees has no lattice spacing")
    return float(wavelength_angstrom / (2.0 * np.sin(np.radians(two_theta) / 2.0)))


def shell_edges(d_min_angstrom: float, n_shells: int = N_SHELLS) -> Floats:
    """Outer edges (Å) of shells of equal reciprocal volume, from low to high resolution.

    d_i = d_min (n/i)^(1/3) for i = 1 … n; the first shell begins at infinity.
    """
    if not d_min_angstrom > 0.0:
        raise ValueError(f"d_min must be above 0 Å, not {d_min_angstrom}")
    edges: Floats = d_min_angstrom * (n_shells / np.arange(1, n_shells + 1)) ** (1.0 / 3.0)
    edges[-1] = d_min_angstrom
    return edges


def shell_numbers(d: ArrayLike, d_min_angstrom: float) -> NDArray[np.int64]:
    """Shell (0 … 9) of each spacing (Å); 10 for those beyond `d_min`."""
    spacings = np.asarray(d, dtype=np.float64)
    return np.searchsorted(-shell_edges(d_min_angstrom), -spacings, side="left")
