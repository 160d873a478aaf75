"""Usable pixels: dxtbx's own mask of the frame, with zeros let in where the lower limit is 0."""

from typing import Any

import numpy as np
import pytest

from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.usable_pixels import UsablePixels
from tests.diffraction.conftest import real_image

pytestmark = pytest.mark.system
CSPAD = ("thermolysin_cspad", "idx-20130301060858401.cbf")
PILATUS = ("thaumatin_grid", "thau_3_2_0001.cbf")


def expected(imageset: Any, low: float) -> list[np.ndarray]:
    from dxtbx import flumpy

    masks = [flumpy.to_numpy(mask) for mask in imageset.get_mask(0)]
    images = [flumpy.to_numpy(image) for image in imageset.get_raw_data(0)]
    fixed = [flumpy.to_numpy(p.get_untrusted_rectangle_mask()) for p in imageset.get_detector(0)]
    zeros = [(image == 0) & free & (low == 0.0) for image, free in zip(images, fixed, strict=True)]
    return [mask | zero for mask, zero in zip(masks, zeros, strict=True)]


@pytest.mark.parametrize(("folder", "image"), [CSPAD, PILATUS])
def test_they_are_dxtbx_s_and_follow_the_limits(folder: str, image: str) -> None:
    from dxtbx import flumpy

    frame, usable = FrameReader().read(str(real_image(folder, image)), 0), UsablePixels()
    imageset = experiments_of(frame, "0")[0].imageset
    for low, high in ((-1.0, 5000.0), (0.0, 200.0), (2.5, 1e9)):
        for panel in imageset.get_detector(0):
            panel.set_trusted_range((low, high))
        images = [flumpy.to_numpy(image) for image in imageset.get_raw_data(0)]
        found = usable.of(frame, imageset.get_detector(0), images)
        for mine, theirs in zip(found, expected(imageset, low), strict=True):
            assert (mine == theirs).all()
