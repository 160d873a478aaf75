"""The solvent numbers of a frame of the fast lane: the same as `solvent.py`, from flat arrays.

Looks at the rings' pixels only; strong spots are excluded from our definition with the same margin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.crystallography import solvent_ratio
from libs.crystallography.fast.pixels import PixelLayout
from libs.crystallography.fast.ring_kernel import mark_boxes, positive_in_ring, usable_in_ring
from libs.crystallography.fast.spots import Spots
from libs.crystallography.solvent import Ring
from libs.diffraction.geometry import SolventRings
from libs.diffraction.solvent import SPOT_MARGIN_PX, SolventNumbers

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.int32] | NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FlatRing:
    """Pixels of a ring, the panels' one after another, and how many each panel has."""

    pixels: Integers
    numbers: Integers


@dataclass(frozen=True, kw_only=True)
class FlatRings:
    """The rings of a geometry; ours without the pixels that are masked."""

    low: FlatRing
    high: FlatRing
    low_cctbx: FlatRing
    high_cctbx: FlatRing
    excluded: Mask
    """A buffer for marks, of all pixels; False between frames."""


def flat_rings(rings: SolventRings, layout: PixelLayout, usable: Mask) -> FlatRings:
    """Rings as flat pixel numbers."""
    everything = np.ones_like(usable)
    return FlatRings(
        low=_flat(rings.low, layout, usable),
        high=_flat(rings.high, layout, usable),
        low_cctbx=_flat(rings.low_cctbx, layout, everything),
        high_cctbx=_flat(rings.high_cctbx, layout, everything),
        excluded=np.zeros(layout.size, bool),
    )


def measure_solvent_fast(
    pixels: Pixels,
    rings: FlatRings | None,
    layout: PixelLayout,
    trusted: NDArray[np.float64],
    spots: Spots,
) -> SolventNumbers:
    """Both definitions; nothing where the wavelength has no such angles."""
    if rings is None:
        return SolventNumbers()
    boxes = layout.starts, layout.shapes, spots.panel, spots.bbox, SPOT_MARGIN_PX
    mark_boxes(rings.excluded, *boxes, True)
    low, high = (
        _mean(*usable_in_ring(pixels, ring.pixels, ring.numbers, trusted, rings.excluded))
        for ring in (rings.low, rings.high)
    )
    mark_boxes(rings.excluded, *boxes, False)
    low_cctbx, high_cctbx = (
        _mean(*positive_in_ring(pixels, ring.pixels)) or 0.0
        for ring in (rings.low_cctbx, rings.high_cctbx)
    )
    return SolventNumbers(
        ring_low=low,
        ring_high=high,
        ratio=solvent_ratio(high, low),
        ratio_cctbx=solvent_ratio(high_cctbx, low_cctbx),
    )


def _flat(ring: Ring, layout: PixelLayout, usable: Mask) -> FlatRing:
    kept = [
        first + pixels[usable[first + pixels]]
        for first, pixels in zip(layout.starts[:-1], ring, strict=True)
    ]
    return FlatRing(pixels=np.concatenate(kept), numbers=np.array([len(part) for part in kept]))


def _mean(total: float, n: int) -> float | None:
    return total / n if n else None
