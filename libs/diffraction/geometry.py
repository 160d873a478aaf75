"""dxtbx's detector and beam models as plain numbers, and the two solvent rings made from them.

Rings are kept per geometry, since frames of one run share it; the last few geometries are kept.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography import (
    PanelGeometry,
    RadialBins,
    all_angles,
    cctbx_bins,
    ring_of_bin,
    two_theta_deg,
    wide_ring,
)
from libs.crystallography.profiles import ProfileBins, profile_bins
from libs.crystallography.solvent import Ring
from libs.messages import Recipe

KEPT_GEOMETRIES = 4


@dataclass(frozen=True, kw_only=True)
class SolventRings:
    """Pixels of the background and the water ring, ours and cctbx's."""

    low: Ring
    high: Ring
    low_cctbx: Ring
    high_cctbx: Ring


@dataclass(kw_only=True)
class _Known:
    panels: list[PanelGeometry]
    angles: list[NDArray[np.float64]]
    bins: RadialBins
    bin_numbers: list[NDArray[np.int32]]
    """cctbx's bin of every pixel, per panel."""
    two_theta: tuple[float, float] | None = None
    rings: SolventRings | None = None
    profile: ProfileBins | None = None


class RingCache:
    """Rings and bins of a frame's geometry; computed when the geometry or the angles change."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def rings(self, beam: Any, detector: Any, two_theta: tuple[float, float]) -> SolventRings:
        """The rings at (low, high) degrees of 2θ."""
        known = self._of(beam, detector)
        if known.rings is None or known.two_theta != two_theta:
            known.two_theta, known.rings = two_theta, _make_rings(known, two_theta)
        return known.rings

    def profile_bins(self, beam: Any, detector: Any) -> tuple[list[PanelGeometry], ProfileBins]:
        """The panels, and the bins of the radial profile."""
        known = self._of(beam, detector)
        if known.profile is None:
            known.profile = profile_bins(known.angles)
        return known.panels, known.profile

    def _of(self, beam: Any, detector: Any) -> _Known:
        panels = [panel_geometry(panel, beam) for panel in detector]
        direction = tuple(beam.get_unit_s0())
        key = repr((panels, direction)).encode()
        if key not in self._known:
            while len(self._known) >= KEPT_GEOMETRIES:
                self._known.popitem(last=False)
            bins = radial_bins(beam, detector)
            self._known[key] = _Known(
                panels=panels,
                angles=all_angles(panels, direction),
                bins=bins,
                bin_numbers=cctbx_bins(panels, bins),
            )
        self._known.move_to_end(key)
        return self._known[key]


def solvent_angles(recipe: Recipe, wavelength_angstrom: float) -> tuple[float, float]:
    """2θ (degrees) of the background and the water ring; raises ValueError where there is none."""
    low = recipe.solvent_low_two_theta_deg
    high = recipe.solvent_high_two_theta_deg
    if low is None:
        low = two_theta_deg(recipe.solvent_low_angstrom, wavelength_angstrom)
    if high is None:
        high = two_theta_deg(recipe.solvent_high_angstrom, wavelength_angstrom)
    return low, high


def panel_geometry(panel: Any, beam: Any) -> PanelGeometry:
    """One panel as plain numbers."""
    n_fast, n_slow = panel.get_image_size()
    return PanelGeometry(
        origin_mm=tuple(panel.get_origin()),
        fast=tuple(panel.get_fast_axis()),
        slow=tuple(panel.get_slow_axis()),
        pixel_mm=tuple(panel.get_pixel_size()),
        shape=(n_slow, n_fast),
        distance_mm=panel.get_distance(),
        beam_centre_px=_beam_centre(panel, beam),
    )


def radial_bins(beam: Any, detector: Any) -> RadialBins:
    """The bins of cctbx's radial average: about a pixel wide, up to the farthest corner."""
    s0 = beam.get_s0()
    farthest = min(detector, key=lambda panel: panel.get_max_resolution_at_corners(s0))
    n_fast, n_slow = farthest.get_image_size()
    corners = [(0, 0), (n_slow - 1, 0), (0, n_fast - 1), (n_slow - 1, n_fast - 1)]
    angles = [farthest.get_two_theta_at_pixel(s0, corner) for corner in corners]
    extent = max(angles)
    reach = math.dist((0, 0, 0), farthest.get_pixel_lab_coord(corners[angles.index(extent)]))
    n = math.ceil(reach * math.sin(extent) / max(farthest.get_pixel_size()))
    return RadialBins(n=n, extent_deg=math.degrees(extent))


def _beam_centre(panel: Any, beam: Any) -> tuple[float, float]:
    try:
        fast, slow = panel.get_beam_centre_px(beam.get_unit_s0())
    except RuntimeError:  # the panel is parallel to the beam: it has no ring
        return math.inf, math.inf
    return fast, slow


def _make_rings(known: _Known, two_theta: tuple[float, float]) -> SolventRings:
    low, high = two_theta
    return SolventRings(
        low=wide_ring(known.panels, known.angles, low),
        high=wide_ring(known.panels, known.angles, high),
        low_cctbx=ring_of_bin(known.bin_numbers, known.bins, low),
        high_cctbx=ring_of_bin(known.bin_numbers, known.bins, high),
    )
