"""What the fast lane prepares once per geometry: arrays of the detector, masks, rings, buffers."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.pixels import PixelLayout
from libs.diffraction.fast_recipe import FastRecipe
from libs.diffraction.fast_solvent import FlatRings, flat_rings
from libs.diffraction.geometry import RingCache, SolventRings, solvent_angles
from libs.diffraction.pixel_correction import PixelCorrection, gain_mismatch
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.resolution_mask import ResolutionMasks
from libs.messages import Recipe

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FrameGeometry:
    """Of one frame; most of it is shared with the frames before. Masks are flat (pixels.py)."""

    detector: FlatDetector
    layout: PixelLayout
    trusted: Floats
    """Exclusive limits of pixel values, [n, 2]."""
    correction: PixelCorrection | None
    trusted_corrected: Floats
    """The same of corrected values."""
    refusal: str
    """Why DIALS does not process frames of this detector with this recipe; mostly empty."""
    spot_mask: Mask
    """Where spots are looked for: static, without what resolution limits and filters exclude."""
    pixel_mask: Mask
    """Where pixels may be integrated."""
    strong: Mask
    """A buffer for strong pixels."""
    rings: FlatRings | None
    wavelength_angstrom: float
    d_min_angstrom: float
    """At the farthest corner."""


@dataclass(frozen=True, kw_only=True)
class _Key:
    """What a geometry was made from."""

    beam: Any
    detector: Any
    static_mask: Any
    fast: FastRecipe

    def equals(self, other: "_Key") -> bool:
        return (
            self.fast is other.fast
            and same_mask(self.static_mask, other.static_mask)
            and bool(self.detector == other.detector)
            and bool(self.beam == other.beam)
        )


@dataclass(kw_only=True)
class GeometryCache:
    """Remembers the last geometry; frames of a run share it."""

    ring_cache: RingCache = field(default_factory=RingCache)
    resolution_masks: ResolutionMasks = field(default_factory=ResolutionMasks)
    _key: _Key | None = None
    _known: FrameGeometry | None = None

    def get(
        self, frame: RawFrame, beam: Any, detector: Any, fast: FastRecipe, recipe: Recipe
    ) -> FrameGeometry:
        """The geometry of this frame; models that equal the last ones cost nothing."""
        key = _Key(beam=beam, detector=detector, static_mask=frame.static_mask, fast=fast)
        if self._known is None or self._key is None or not self._key.equals(key):
            self._known = self._make(frame, beam, detector, fast, recipe)
            self._key = key
        return self._known

    def _make(
        self, frame: RawFrame, beam: Any, detector: Any, fast: FastRecipe, recipe: Recipe
    ) -> FrameGeometry:
        static = static_masks(frame, detector)
        layout = PixelLayout.of(static)
        pixel_mask = layout.joined(_combined(static, fast.params.integration.lookup.mask))
        rings = self._rings(beam, detector, recipe)
        correction = PixelCorrection.of(detector)
        flat = flat_detector(beam, detector)
        return FrameGeometry(
            detector=flat,
            layout=layout,
            trusted=trusted_limits(detector),
            correction=correction,
            trusted_corrected=trusted_limits(detector, correction),
            refusal=gain_mismatch(fast.params, detector),
            spot_mask=layout.joined(self._spot_masks(static, beam, detector, flat, fast.params)),
            pixel_mask=pixel_mask,
            strong=np.zeros(layout.size, bool),
            rings=None if rings is None else flat_rings(rings, layout, pixel_mask),
            wavelength_angstrom=float(beam.get_wavelength()),
            d_min_angstrom=float(detector.get_max_resolution(beam.get_s0())),
        )

    def _spot_masks(
        self, static: list[Mask], beam: Any, detector: Any, flat: FlatDetector, params: Any
    ) -> list[Mask]:
        """What DIALS's own mask generator leaves, run once instead of for every frame."""
        spots = params.spotfinder
        own = self.resolution_masks.masks(beam, detector, flat, spots.filter)
        masks = [mask & more for mask, more in zip(static, own, strict=True)]
        return _combined(masks, spots.lookup.mask)

    def _rings(self, beam: Any, detector: Any, recipe: Recipe) -> SolventRings | None:
        try:
            angles = solvent_angles(recipe, beam.get_wavelength())
        except ValueError:
            return None
        return self.ring_cache.rings(beam, detector, angles)


def flat_detector(beam: Any, detector: Any) -> FlatDetector:
    """dxtbx's models as arrays."""
    return FlatDetector(
        origin_mm=np.array([panel.get_origin() for panel in detector]),
        fast=np.array([panel.get_fast_axis() for panel in detector]),
        slow=np.array([panel.get_slow_axis() for panel in detector]),
        pixel_mm=np.array([panel.get_pixel_size() for panel in detector]),
        shape_px=np.array([panel.get_image_size() for panel in detector], np.int64),
        absorption=np.array([_absorption(panel) for panel in detector]),
        s0=np.array(beam.get_s0()),
    )


def trusted_limits(detector: Any, correction: PixelCorrection | None = None) -> Floats:
    """Exclusive limits, [n, 2]; newer versions of dxtbx take the limits themselves as trusted.

    With a correction, those of corrected values.
    """
    from dxtbx.model import Panel
    from scitbx.array_family import flex

    probe = Panel()
    probe.set_image_size((2, 1))
    probe.set_trusted_range((1.0, 3.0))
    values = flex.double([1.0, 3.0])
    values.reshape(flex.grid(1, 2))
    low_in, high_in = list(probe.get_trusted_range_mask(values))
    limits = np.array([panel.get_trusted_range() for panel in detector], np.float64)
    limits = limits if correction is None else correction.limits(limits)
    if low_in:
        limits[:, 0] = np.nextafter(limits[:, 0], -np.inf)
    if high_in:
        limits[:, 1] = np.nextafter(limits[:, 1], np.inf)
    return limits


def same_mask(first: Any, second: Any) -> bool:
    """Formats give a new static mask for each image, mostly with the same content."""
    from dxtbx import flumpy

    if first is None or second is None or len(first) != len(second):
        return first is second
    pairs = zip(first, second, strict=True)
    return first is second or all(
        np.array_equal(flumpy.to_numpy(one), flumpy.to_numpy(other)) for one, other in pairs
    )


def _absorption(panel: Any) -> tuple[float, float]:
    strategy = panel.get_px_mm_strategy()
    return (strategy.mu(), strategy.t0()) if hasattr(strategy, "mu") else (0.0, 0.0)


def static_masks(frame: RawFrame, detector: Any) -> list[Mask]:
    """Per panel, True where neither a rectangle nor the format's own mask excludes a pixel."""
    from dxtbx import flumpy

    masks = [flumpy.to_numpy(p.get_untrusted_rectangle_mask()).copy() for p in detector]
    if frame.static_mask is not None:
        for mask, static in zip(masks, frame.static_mask, strict=True):
            mask &= flumpy.to_numpy(static)
    return masks


def _combined(static: list[Mask], path: Any) -> list[Mask]:
    from dials.algorithms.spot_finding.factory import SpotFinderFactory
    from dxtbx import flumpy

    more = SpotFinderFactory.load_image(path)
    if more is None:
        return static
    return [mask & flumpy.to_numpy(extra) for mask, extra in zip(static, more, strict=True)]
