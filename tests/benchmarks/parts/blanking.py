"""A blank made from a real hit: its strong spots covered with background from beside them.

The background's noise, gaps and shadows stay what the detector gave.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.diffraction.fast_lane import FastLane
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.tasks import FrameTask

MARGIN_PX = 3
ROUNDS = 20


def without_spots(frame: RawFrame, task: FrameTask, lane: FastLane) -> RawFrame:
    """The frame with too few strong spots to be indexed; raises ValueError where some stay."""
    for _ in range(ROUNDS):
        n_strong, marks = _strong(frame, task, lane)
        if n_strong < task.recipe.min_spots_to_index // 2:
            return frame
        frame = replace(frame, images=_covered(frame, marks))
    raise ValueError(f"{n_strong} strong spots are left")


def _strong(
    frame: RawFrame, task: FrameTask, lane: FastLane
) -> tuple[int, list[NDArray[np.bool_]]]:
    fast = lane.recipe(task.recipe)
    reply = lane.process_frame(task, frame, fast)
    geometry = lane.geometry_of(task, frame)
    return reply.result.n_strong, geometry.layout.panels(geometry.strong)


def _covered(frame: RawFrame, marks: list[NDArray[np.bool_]]) -> tuple[Any, ...]:
    from dxtbx import flumpy

    images = []
    for image, strong in zip(frame.images, marks, strict=True):
        pixels = flumpy.to_numpy(image).copy()
        for slow, fast in zip(*np.nonzero(strong), strict=True):
            _cover(pixels, int(slow), int(fast))
        images.append(flumpy.from_numpy(pixels))
    return tuple(images)


def _cover(pixels: NDArray[Any], slow: int, fast: int) -> None:
    """Copy the square beside a pixel, on the side where the panel has more room, over it."""
    size = 2 * MARGIN_PX + 1
    rows = slice(max(0, slow - MARGIN_PX), slow + MARGIN_PX + 1)
    left = max(0, min(fast - MARGIN_PX, pixels.shape[1] - size))
    other = left + size if left + 2 * size <= pixels.shape[1] else left - size
    pixels[rows, left : left + size] = pixels[rows, other : other + size]
