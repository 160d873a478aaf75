"""The resolution mask is DIALS's own, pixel by pixel, at every wavelength."""

import copy
from typing import Any

import numpy as np
import pytest

from libs.diffraction.debian_gaps import prepare
from libs.diffraction.fast_geometry import flat_detector
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.resolution_mask import ResolutionMasks, _d_of_pixel, _Imageset
from tests.diffraction.conftest import real_image

pytestmark = pytest.mark.system
WAVELENGTHS = (1.3007, 0.97)
RANGES = {
    "high resolution": "d_min=2.9",
    "low resolution": "d_max=9.3",
    "a range": "resolution_range=3.4,3.9",
    "ice rings": "ice_rings.filter=True\nice_rings.width=0.004\nice_rings.d_min=2",
    "all, without parallax": "d_min=2.2\nd_max=30\nresolution_range=5.1,4.9\n"
    "disable_parallax_correction=True\nborder=3",
}


def settings_of(text: str) -> Any:
    from dials.algorithms.spot_finding.factory import phil_scope
    from libtbx.phil import parse

    lines = [f"spotfinder.filter.{line}" for line in text.splitlines()]
    return phil_scope.fetch(parse("\n".join(lines))).extract().spotfinder.filter


@pytest.fixture(scope="module")
def models() -> tuple[Any, Any]:
    """64 tilted panels, and a beam that can be changed."""
    prepare()
    image = real_image("thermolysin_cspad", "idx-20130301060858401.cbf")
    frame = FrameReader().read(str(image), 0)
    return frame.beam, frame.detector


def expected(beam: Any, detector: Any, settings: Any) -> list[np.ndarray]:
    """With a beam of its own, for DIALS remembers beams by what they are when asked."""
    from dials.util.masking import generate_mask
    from dxtbx import flumpy

    beam = copy.deepcopy(beam)
    return [flumpy.to_numpy(m) for m in generate_mask(_Imageset(beam, detector), settings)]


@pytest.mark.parametrize("text", RANGES.values(), ids=RANGES.keys())
def test_it_is_the_mask_of_dials(models: tuple[Any, Any], text: str) -> None:
    beam, detector = models
    settings, masks = settings_of(text), ResolutionMasks()
    for wavelength in WAVELENGTHS:
        beam.set_wavelength(wavelength)
        ours = masks.masks(beam, detector, flat_detector(beam, detector), settings)
        theirs = expected(beam, detector, settings)
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
        assert sum(int((~mask).sum()) for mask in theirs) > 0


def test_pixels_on_the_edge_fall_where_dials_puts_them(models: tuple[Any, Any]) -> None:
    beam, detector = models
    masks = ResolutionMasks()
    fast, slow = 20, 30
    d = _d_of_pixel(detector[5], beam, fast, slow)
    for edge in (d, np.nextafter(d, 0.0)):
        settings = settings_of(f"d_min={float(edge)!r}")
        assert settings.d_min == edge
        ours = masks.masks(beam, detector, flat_detector(beam, detector), settings)
        theirs = expected(beam, detector, settings)
        assert np.array_equal(ours[5], theirs[5])
        assert ours[5][slow, fast] == (d > edge)


def test_another_wavelength_reads_no_pixel_positions_again(models: tuple[Any, Any]) -> None:
    beam, detector = models
    settings, masks = settings_of("d_min=2.9"), ResolutionMasks()
    masks.masks(beam, detector, flat_detector(beam, detector), settings)
    known = masks.known
    beam.set_wavelength(beam.get_wavelength() * 1.001)
    masks.masks(beam, detector, flat_detector(beam, detector), settings)
    assert masks.known is known
    detector[0].set_frame((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, -90.0))
    masks.masks(beam, detector, flat_detector(beam, detector), settings)
    assert masks.known is not known
