"""Rings of a beam whose wavelength changes from frame to frame."""

from typing import Any

import numpy as np
import pytest

from libs.diffraction.debian_gaps import prepare
from libs.diffraction.geometry import RingCache

pytestmark = pytest.mark.system
TWO_THETA = (12.0, 21.0)


def models(wavelength: float) -> tuple[Any, Any]:
    prepare()
    from dxtbx.model import BeamFactory, DetectorFactory

    detector = DetectorFactory.simple("PAD", 70.0, (20.1, 22.3), "+x", "-y", (0.2, 0.2), (210, 190))
    return BeamFactory.make_beam(unit_s0=(0.01, -0.02, -1.0), wavelength=wavelength), detector


def test_a_jittering_wavelength_needs_no_new_angles() -> None:
    cache = RingCache()
    _, first = cache.profile_bins(*models(1.3))
    _, second = cache.profile_bins(*models(1.3003))
    assert second is first


def test_rings_after_another_wavelength_are_those_of_a_new_cache() -> None:
    cache = RingCache()
    cache.rings(*models(1.3), TWO_THETA)
    moved = (TWO_THETA[0] * 1.001, TWO_THETA[1] * 1.001)
    found, expected = cache.rings(*models(1.3013), moved), RingCache().rings(*models(1.3013), moved)
    for name in ("low", "high", "low_cctbx", "high_cctbx"):
        for ours, theirs in zip(getattr(found, name), getattr(expected, name), strict=True):
            assert len(ours)
            assert np.array_equal(ours, theirs)
