"""A frame's pixels as one flat array, in memory that is used again for the next frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.crystallography.fast.pixels import PixelLayout
from libs.diffraction.errors import UnreadableFrameError
from libs.diffraction.raw_frame import RawFrame

Pixels = NDArray[np.int32] | NDArray[np.float64]


class PixelBuffer:
    """Takes one frame at a time; what it gave for the one before is overwritten."""

    def __init__(self) -> None:
        self._memory: Pixels = np.empty(0, np.int32)

    def fill(self, frame: RawFrame, layout: PixelLayout) -> Pixels:
        """int32 or float64; raises UnreadableFrameError where the image is not the detector's.

        The frame's own memory where it is one panel of that type already.
        """
        from dxtbx import flumpy

        images = [flumpy.to_numpy(image) for image in frame.images]
        if [image.shape for image in images] != list(map(tuple, layout.shapes)):
            raise UnreadableFrameError(
                f"the image has {len(images)} panels, the first of {_size(images[0].shape)} "
                f"pixels, its detector model {len(layout.shapes)} of {_size(layout.shapes[0])}"
            )
        whole = all(image.dtype.kind in "iu" for image in images)
        return layout.joined(images, self._of_type(np.int32 if whole else np.float64, layout.size))

    def _of_type(self, dtype: Any, size: int) -> Pixels:
        if self._memory.dtype != dtype or len(self._memory) != size:
            self._memory = np.empty(size, dtype)
        return self._memory


def _size(shape: Any) -> str:
    return f"{shape[1]} × {shape[0]}"
