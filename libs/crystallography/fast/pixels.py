"""The pixels of all panels in one flat array: one call of a kernel goes through them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PixelLayout:
    """Where each panel's pixels lie: one panel after another, row by row."""

    shapes: NDArray[np.int64]
    """[n, 2]: rows (slow) and pixels of a row (fast)."""

    @classmethod
    def of(cls, images: Sequence[NDArray[Any]]) -> Self:
        """The layout of these panels."""
        return cls(np.array([image.shape for image in images], np.int64).reshape(-1, 2))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """[n + 1]: first pixel of each panel, then the number of all pixels."""
        return np.concatenate([[0], np.cumsum(self.shapes.prod(axis=1))])

    @property
    def size(self) -> int:
        """Pixels of all panels."""
        return int(self.starts[-1])

    def panels(self, pixels: NDArray[Any]) -> list[NDArray[Any]]:
        """Views of the panels' images."""
        parts = np.split(pixels, self.starts[1:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def joined(
        self, images: Sequence[NDArray[Any]], into: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """All pixels; a copy, except of a single contiguous panel of the wanted type."""
        dtype = images[0].dtype if into is None else into.dtype
        if len(images) == 1 and images[0].dtype == dtype and images[0].flags.c_contiguous:
            return images[0].reshape(-1)
        pixels = np.empty(self.size, dtype) if into is None else into
        for panel, image in zip(self.panels(pixels), images, strict=True):
            panel[...] = image
        return pixels
