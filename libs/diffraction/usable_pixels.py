"""Which pixels of a frame hold counts: dxtbx's own mask, with zeros let in, at a tenth of its time.

dxtbx makes the whole mask anew for every frame. Here what does not change (rectangles, the format's
static mask) is kept, and trusted limits are compared as whole numbers where pixels are whole.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.strong import inclusive
from libs.diffraction.fast_geometry import same_mask, static_masks, trusted_limits
from libs.diffraction.raw_frame import RawFrame

Masks = list[NDArray[np.bool_]]


@dataclass(kw_only=True)
class UsablePixels:
    """Remembers the masks of the last detector; frames of a run share it."""

    _detector: Any = None
    _static: Any = None
    _masks: Masks = field(default_factory=list)

    def of(self, frame: RawFrame, detector: Any, images: list[NDArray[Any]]) -> Masks:
        """Per panel, True for what is neither masked nor outside the trusted limits.

        Zeros count where the lower limit is 0, which dxtbx leaves out.
        """
        if self._detector != detector or not same_mask(self._static, frame.static_mask):
            self._masks = static_masks(frame, detector)
            self._detector, self._static = detector, frame.static_mask
        limits = trusted_limits(detector)
        usable = []
        for image, mask, limit in zip(images, self._masks, limits, strict=True):
            low, high, _ = inclusive(limit[None], image.dtype)[0]
            inside = image >= (0 if limit[0] == 0.0 else low)
            inside &= image <= high
            inside &= mask
            usable.append(inside)
        return usable
