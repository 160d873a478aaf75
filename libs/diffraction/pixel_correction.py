"""Gain and pedestal of a detector model: DIALS looks for spots and integrates in (value − pedestal)
/ gain, while masks and the solvent rings belong to the values as they were read.

The same as dxtbx's `ImageSet.get_corrected_data` where no gain or pedestal map is given.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.pixels import PixelLayout
from libs.diffraction.frame_pixels import Pixels

Floats = NDArray[np.float64]
SAME = 1e-7
"""dxtbx's: a gain this near to 1, or a pedestal this near to 0, is none."""


@dataclass(frozen=True, kw_only=True)
class PixelCorrection:
    """One entry per panel."""

    gain: Floats
    pedestal: Floats

    @classmethod
    def of(cls, detector: Any) -> Self | None:
        """None where a corrected pixel is the pixel itself, as with most detectors."""
        gain = np.array([panel.get_gain() for panel in detector], np.float64)
        pedestal = np.array([panel.get_pedestal() for panel in detector], np.float64)
        if (gain <= 0.0).any() or (np.abs(gain - 1.0) <= SAME).all():
            gain = np.ones_like(gain)
        if (np.abs(pedestal) <= SAME).all():
            pedestal = np.zeros_like(pedestal)
        nothing = (gain == 1.0).all() and (pedestal == 0.0).all()
        return None if nothing else cls(gain=gain, pedestal=pedestal)

    def limits(self, trusted: Floats) -> Floats:
        """Limits [n, 2] of pixel values as limits of corrected ones."""
        corrected: Floats = (trusted - self.pedestal[:, None]) / self.gain[:, None]
        return corrected

    def apply(self, pixels: Pixels, layout: PixelLayout) -> Floats:
        """Corrected pixels of all panels, flat."""
        corrected = pixels.astype(np.float64)
        for panel, gain, pedestal in zip(
            layout.panels(corrected), self.gain, self.pedestal, strict=True
        ):
            panel -= pedestal
            panel /= gain
        return corrected


def gain_mismatch(params: Any, detector: Any) -> str:
    """What `dials.stills_process` says of a gain given twice; empty where it says nothing."""
    given = params.spotfinder.threshold.dispersion.gain
    if given is None:
        given = params.integration.summation.detector_gain
    if params.input.ignore_gain_mismatch or given in (None, 1.0):
        return ""
    for panel in detector:
        if panel.get_gain() not in (1.0, given):
            return (
                f"The detector is reporting a gain of {panel.get_gain():f} but you have also "
                f"supplied a gain of {given:f}; set input.ignore_gain_mismatch=True if both apply"
            )
    return ""
