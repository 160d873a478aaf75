"""The cell and the spot offsets that a run began with: what later frames are compared with."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.classes import INDEXED, Bits
from libs.crystallography.rates.rows import Rows

N_FIRST = 200
"""Indexed frames, the first in event time, that make the reference."""
EDGES = 3
PX_UNIT, CELL_UNIT = 1e-3, 1e-6
"""Deviations are whole numbers of these: pixels, and logarithms of lengths."""
MOST_PX, MOST_CELL = 5.0, 0.05
"""Larger deviations (a wrong indexing) count as these."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Medians over the first indexed frames."""

    offset_px: tuple[float, ...]
    edges_angstrom: tuple[float, ...]
    until_us: int
    """Event time of the last frame that went into it."""


def reference_of(rows: Rows, bits: Bits) -> Reference | None:
    """The reference of a job; None before it has enough indexed frames with offsets."""
    usable = np.flatnonzero(((bits & INDEXED) > 0) & (rows["cell"][:, :EDGES] > 0).all(axis=1))
    if len(usable) < N_FIRST:
        return None
    found = rows[usable]
    first = found[np.lexsort((found["frame"], found["ts_us"]))[:N_FIRST]]
    offset = first["offset_px"].astype(np.float64)
    known = ~np.isnan(offset).any(axis=1)
    middle = np.median(offset[known], axis=0) if known.any() else np.zeros(2)
    edges = np.median(first["cell"][:, :EDGES].astype(np.float64), axis=0)
    return Reference(
        offset_px=tuple(middle.tolist()),
        edges_angstrom=tuple(edges.tolist()),
        until_us=int(first["ts_us"].max()),
    )


def deviations(rows: Rows, reference: Reference) -> npt.NDArray[np.int64]:
    """[n, 5]: offsets (fast, slow) in PX_UNIT, then ln(a, b, c) in CELL_UNIT, minus the reference.

    What is not known does not deviate.
    """
    edges = rows["cell"][:, :EDGES].astype(np.float64)
    ratio = np.where(edges > 0, edges, reference.edges_angstrom) / reference.edges_angstrom
    cell = np.clip(np.log(ratio), -MOST_CELL, MOST_CELL) / CELL_UNIT
    offset = rows["offset_px"].astype(np.float64) - reference.offset_px
    px = np.clip(np.nan_to_num(offset, nan=0.0), -MOST_PX, MOST_PX) / PX_UNIT
    whole: npt.NDArray[np.int64] = np.rint(np.hstack([px, cell])).astype(np.int64)
    return whole
