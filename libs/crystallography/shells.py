"""The shell table of a lattice and the two resolution limits that are read from it. Pure numpy.

Limits are always computed from the float32 table, never from the reflections, so that another
cut-off applied later to a stored table agrees with what was computed at first.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from libs.crystallography.resolution import N_SHELLS, shell_edges, shell_numbers
from libs.messages import Shells

MIN_REFLECTIONS = 5
I_SIGI_CUTOFF = 1.0


def tabulate(d: ArrayLike, intensity: ArrayLike, sigma: ArrayLike, d_min_angstrom: float) -> Shells:
    """Mean I/σ per shell over all reflections, and over those with I > 0.

    `d` in Å, arrays of equal length; reflections beyond `d_min_angstrom`, or whose σ is not
    positive and finite, are left out.
    """
    spacing, i, s = (np.asarray(v, dtype=np.float64) for v in (d, intensity, sigma))
    shell = shell_numbers(spacing, d_min_angstrom)
    usable = (shell < N_SHELLS) & np.isfinite(i) & np.isfinite(s) & (s > 0.0)
    shell, i = shell[usable], i[usable]
    i_sigi = i / s[usable]
    n, mean = _means(shell, i_sigi)
    n_positive, mean_positive = _means(shell[i > 0.0], i_sigi[i > 0.0])
    return shells_from_arrays(d_min_angstrom, n, n_positive, mean, mean_positive)


def shells_from_arrays(
    d_min_angstrom: float,
    n: ArrayLike,
    n_positive: ArrayLike,
    mean: ArrayLike,
    mean_positive: ArrayLike,
) -> Shells:
    """The message part of four arrays of length 10."""
    return Shells(
        d_min_angstrom=float(d_min_angstrom),
        n=np.asarray(n, dtype="<u4").tobytes(),
        n_positive=np.asarray(n_positive, dtype="<u4").tobytes(),
        mean=np.asarray(mean, dtype="<f4").tobytes(),
        mean_positive=np.asarray(mean_positive, dtype="<f4").tobytes(),
    )


def contiguous_shells(n: ArrayLike, mean: ArrayLike, i_sigi_cutoff: float) -> NDArray[np.int64]:
    """How many shells pass, going outward until the first failure; arrays […, 10]."""
    counts, means = np.asarray(n), np.asarray(mean, dtype=np.float32)
    passing = (counts >= MIN_REFLECTIONS) & (means >= np.float32(i_sigi_cutoff))
    numbers: NDArray[np.int64] = np.cumprod(passing, axis=-1).sum(axis=-1)
    return numbers


def cctbx_shells(mean_positive: ArrayLike, i_sigi_cutoff: float) -> NDArray[np.int64]:
    """The number (1 … 10) of the outermost shell that passes, 0 where none does; arrays […, 10]."""
    means = np.asarray(mean_positive, dtype=np.float32)
    passing = means >= np.float32(i_sigi_cutoff)
    numbers: NDArray[np.int64] = np.where(passing, np.arange(1, passing.shape[-1] + 1), 0).max(-1)
    return numbers


def d_min_contiguous(shells: Shells, i_sigi_cutoff: float = I_SIGI_CUTOFF) -> float | None:
    """Edge (Å) of the last shell before the first failure; None where the first shell fails."""
    n, _, mean, _ = shells.columns()
    return _edge(shells, int(contiguous_shells(n, mean, i_sigi_cutoff)))


def d_min_cctbx(shells: Shells, i_sigi_cutoff: float = I_SIGI_CUTOFF) -> float | None:
    """The smallest edge (Å) of a shell whose mean over I > 0 passes; None where none does."""
    _, _, _, mean_positive = shells.columns()
    return _edge(shells, int(cctbx_shells(mean_positive, i_sigi_cutoff)))


def _means(shell: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[ArrayLike, ArrayLike]:
    n = np.bincount(shell, minlength=N_SHELLS)
    total = np.bincount(shell, weights=values, minlength=N_SHELLS)
    return n, np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _edge(shells: Shells, number: int) -> float | None:
    return float(shell_edges(shells.d_min_angstrom)[number - 1]) if number else None
