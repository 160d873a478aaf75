"""Shell tables, kept so that the I/σ cut-off can be changed without reprocessing.

For each of the ten shells of equal reciprocal volume, the highest cut-off at which a frame still
reaches that shell; 40 bytes for each definition of FIELD, "Resolution", whatever the number of
lattices. Does not measure resolution from reflections.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from libs.crystallography.resolution import N_SHELLS, shell_edges
from libs.crystallography.shells import MIN_REFLECTIONS
from libs.messages import Shells

_UNIT_EDGES = shell_edges(1.0)

Resolution = Literal["contiguous", "cctbx"]
RESOLUTIONS: tuple[Resolution, ...] = ("contiguous", "cctbx")
FloatArray = npt.NDArray[np.float64]
Table = npt.NDArray[np.float32]


def reachable_cutoffs(tables: Sequence[Shells]) -> tuple[Table, Table]:
    """Two float32 [len(tables), 10]: per shell, the highest I/σ cut-off that reaches it.

    Contiguous: the smallest mean(I/σ) of this and all shells at lower resolution. Compatible with
    cctbx: the mean over reflections with I > 0. −∞ where no cut-off does. Raises ValueError for a
    table that has not ten shells.
    """
    if any(len(raw) != 4 * N_SHELLS for t in tables for raw in (t.n, t.mean, t.mean_positive)):
        raise ValueError(f"a shell table does not have {N_SHELLS} shells")
    n = _joined([t.n for t in tables], "<u4")
    mean = _joined([t.mean for t in tables], "<f4")
    positive = _joined([t.mean_positive for t in tables], "<f4")
    passing = np.where((n >= MIN_REFLECTIONS) & ~np.isnan(mean), mean, -np.inf)
    contiguous = np.minimum.accumulate(passing, axis=1)
    return (
        contiguous.astype(np.float32),
        np.where(np.isnan(positive), -np.inf, positive).astype(np.float32),
    )


def _joined(raw: Sequence[bytes], dtype: str) -> npt.NDArray[Any]:
    return np.frombuffer(b"".join(raw), dtype).reshape(-1, N_SHELLS)


def d_min_at(i_sigi_cutoff: float, table: Table, shell_d_min: FloatArray) -> FloatArray:
    """Resolution limits (Å) of frames at another cut-off, NaN where no shell passes.

    `table` float32 [n, 10] as made by reachable_cutoffs, the best of a frame's lattices;
    `shell_d_min` float64 [n], the outer edge of the tenth shell (Å). Edges: d_min (10/i)^(1/3).
    """
    reached = table >= i_sigi_cutoff
    deepest = N_SHELLS - np.argmax(reached[:, ::-1], axis=1)
    edges = shell_d_min * _UNIT_EDGES[deepest - 1]
    return np.where(reached.any(axis=1), edges, np.nan)
