"""Where spots are looked for: DIALS's mask, with its resolution ranges made anew in a millisecond.

DIALS computes the resolution of every pixel again for each wavelength (0.23 s per megapixel). Here
2 sin θ of every pixel is kept, and a range is two comparisons; pixels too near to an edge of
a range for single precision are decided by DIALS's own arithmetic, so that the mask is the same.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.detector import FlatDetector, chord_lengths

Mask = NDArray[np.bool_]
Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Range = tuple[float, float]

UNCERTAIN = 1e-6
"""Of 2 sin θ in single precision."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What does not depend on the wavelength, and what it was made from."""

    settings: Any
    detector: FlatDetector
    plain: list[Mask]
    """DIALS's mask without resolution ranges."""
    chords: list[Singles] = field(default_factory=list)
    """2 sin θ of each pixel, one array for each panel; none where there are no ranges."""

    def serves(self, settings: Any, detector: FlatDetector) -> bool:
        mine, other = self.detector, detector
        names = ("origin_mm", "fast", "slow", "pixel_mm", "shape_px", "absorption")
        return (
            self.settings is settings
            and all(np.array_equal(getattr(mine, n), getattr(other, n)) for n in names)
            and bool(np.abs(_unit(mine.s0) - _unit(other.s0)).max() < 1e-12)
        )


class ResolutionMasks:
    """Makes masks; remembers the last detector."""

    def __init__(self) -> None:
        self.known: _Known | None = None

    def masks(self, beam: Any, detector: Any, flat: FlatDetector, settings: Any) -> list[Mask]:
        """DIALS's `generate_mask` for `spotfinder.filter` settings; `flat` is the same detector."""
        known = self.known
        if known is None or not known.serves(settings, flat):
            known = self.known = _known(beam, detector, flat, settings)
        masks = [mask.copy() for mask in known.plain]
        for mask, chord, panel in zip(masks, known.chords, detector, strict=False):
            for limits in _ranges(beam, panel, settings):
                mask &= ~_within(chord, limits, beam, _without_parallax(panel, settings))
        return masks


def _known(beam: Any, detector: Any, flat: FlatDetector, settings: Any) -> _Known:
    plain = _plain_masks(beam, detector, settings)
    ranged = any(True for panel in detector for _ in _ranges(beam, panel, settings))
    chords = _chords(flat, with_parallax=not settings.disable_parallax_correction)
    return _Known(settings=settings, detector=flat, plain=plain, chords=chords if ranged else [])


def _plain_masks(beam: Any, detector: Any, settings: Any) -> list[Mask]:
    from dials.util.masking import generate_mask
    from dxtbx import flumpy

    without = copy.deepcopy(settings)
    without.d_min = without.d_max = None
    without.resolution_range = []
    without.ice_rings.filter = False
    made = generate_mask(_Imageset(beam, detector), without)
    return [flumpy.to_numpy(mask).copy() for mask in made]


def _ranges(beam: Any, panel: Any, settings: Any) -> Iterator[Range]:
    """Of d (Å), both ends included: what DIALS masks, in no particular order."""
    from dials.util.masking import generate_ice_ring_resolution_ranges

    if settings.d_min is not None:
        yield 0.0, settings.d_min
    if settings.d_max is not None:
        yield settings.d_max, max(settings.d_max + 1.0, 1e9)
    for limits in settings.resolution_range or []:
        yield min(limits), max(limits)
    for limits in generate_ice_ring_resolution_ranges(beam, panel, settings.ice_rings):
        yield min(limits), max(limits)


def _chords(flat: FlatDetector, *, with_parallax: bool) -> list[Singles]:
    absorption = flat.absorption if with_parallax else np.zeros_like(flat.absorption)
    return [
        chord_lengths(
            flat.shape_px[n], flat.pixel_mm[n], flat.fast[n], flat.slow[n], flat.origin_mm[n],
            absorption[n], flat.s0,
        )
        for n in range(len(flat.shape_px))
    ]  # fmt: skip


def _within(chord: Singles, limits: Range, beam: Any, panel: Any) -> Mask:
    """Whose d lies within the limits."""
    wavelength = beam.get_wavelength()
    ends = wavelength / limits[1], np.inf if limits[0] == 0.0 else wavelength / limits[0]
    inside: Mask = (chord >= np.float32(ends[0])) & (chord <= np.float32(ends[1]))
    for end in ends:
        near = np.abs(chord - np.float32(end)) < UNCERTAIN
        for slow, fast in np.argwhere(near):
            inside[slow, fast] = limits[0] <= _d_of_pixel(panel, beam, fast, slow) <= limits[1]
    return inside


def _d_of_pixel(panel: Any, beam: Any, fast: int, slow: int) -> float:
    """In the steps of DIALS's `ResolutionMaskGenerator`."""
    from scitbx import matrix

    s1 = matrix.col(panel.get_pixel_lab_coord((fast + 0.5, slow + 0.5)))
    wave_number, length = 1.0 / beam.get_wavelength(), s1.length()
    r = [x / length * wave_number - s for x, s in zip(s1, beam.get_s0(), strict=True)]
    d: float = 1.0 / (r[0] * r[0] + r[1] * r[1] + r[2] * r[2]) ** 0.5
    return d


def _without_parallax(panel: Any, settings: Any) -> Any:
    from dxtbx.model import SimplePxMmStrategy

    if not settings.disable_parallax_correction:
        return panel
    simple = copy.deepcopy(panel)
    simple.set_px_mm_strategy(SimplePxMmStrategy())
    return simple


def _unit(vector: Floats) -> Floats:
    direction: Floats = vector / np.linalg.norm(vector)
    return direction


class _Imageset:
    """What DIALS's mask generator asks of an imageset: the models, and no dynamic mask."""

    def __init__(self, beam: Any, detector: Any) -> None:
        self._beam, self._detector = beam, detector

    def get_beam(self, index: int = 0) -> Any:
        del index
        return self._beam

    def get_detector(self, index: int = 0) -> Any:
        del index
        return self._detector
