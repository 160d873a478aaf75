"""Gain and pedestal of the detector's model in the fast lane, against DIALS."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from libs.crystallography.fast.pixels import PixelLayout
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.frame_pixels import PixelBuffer
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.pixel_correction import PixelCorrection
from libs.messages import Recipe
from tests.diffraction.conftest import TaskMaker, real_image, real_recipe
from tests.diffraction.hdf5_layouts import MPCCD_SHAPE, write_mpccd

pytestmark = pytest.mark.system
CSPAD = ("thermolysin_cspad", "idx-20130301060858401.cbf")
PILATUS = ("thaumatin_grid", "thau_3_2_0001.cbf")
CORRECTED = """
geometry.detector.panel {
  gain = 2.5
  pedestal = -3
}
"""
WEAK = """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion.gain = 1
spotfinder.filter.min_spot_size = 2
indexing.known_symmetry.unit_cell = 79.1 79.1 38 90 90 90
indexing.known_symmetry.space_group = P43212
"""
GIVEN_TWICE = f"{CORRECTED} spotfinder.threshold.dispersion.gain = 2\n"


@pytest.fixture(scope="module")
def fast_lane() -> Iterator[FastLane]:
    with closing(FastLane()) as made:
        yield made


def with_lines(lines: str) -> Recipe:
    known = real_recipe(PILATUS[0])
    return Recipe(phil=f"{known.phil}\n{lines}", d_min_angstrom=known.d_min_angstrom)


def test_corrected_pixels_are_those_of_dxtbx(fast_lane: FastLane) -> None:
    from dxtbx import flumpy

    frame = FrameReader().read(str(real_image(*CSPAD)), 0)
    for number, panel in enumerate(frame.detector):
        panel.set_gain(1.0 + 0.1 * number)
        panel.set_pedestal(0.3 * number)
    correction = PixelCorrection.of(frame.detector)
    assert correction is not None
    layout = PixelLayout.of([flumpy.to_numpy(image) for image in frame.images])
    found = correction.apply(PixelBuffer().fill(frame, layout), layout)
    expected = experiments_of(frame, "0")[0].imageset.get_corrected_data(0)
    for ours, theirs in zip(layout.panels(found), expected, strict=True):
        assert np.array_equal(ours, flumpy.to_numpy(theirs))


def test_without_gain_and_pedestal_there_is_nothing_to_correct(fast_lane: FastLane) -> None:
    frame = FrameReader().read(str(real_image(*CSPAD)), 0)
    assert PixelCorrection.of(frame.detector) is None


def test_both_lanes_find_the_same_in_corrected_pixels(
    fast_lane: FastLane, lane: DialsLane, task: TaskMaker
) -> None:
    screened = task(real_image(*PILATUS), with_lines(CORRECTED), index=False)
    ours, theirs = fast_lane.process(screened).result, lane.process(screened).result
    plain = fast_lane.process(task(real_image(*PILATUS), with_lines(""), index=False)).result
    assert ours.n_strong == theirs.n_strong > 100
    assert ours.n_strong != plain.n_strong
    for name in ("ring_low", "ring_high", "solvent_ratio_cctbx"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-12)
    assert ours.solvent_ratio_cctbx == plain.solvent_ratio_cctbx


def test_a_gain_given_twice_is_refused_as_dials_does(
    fast_lane: FastLane, lane: DialsLane, task: TaskMaker
) -> None:
    made = task(real_image(*PILATUS), with_lines(GIVEN_TWICE))
    ours, theirs = fast_lane.process(made).result, lane.process(made).result
    for result in (ours, theirs):
        assert result.reason.startswith("preparation: The detector is reporting a gain of 2.5")
        assert (result.n_strong, result.indexing_tried, result.lattices) == (0, False, ())


def test_weak_spots_of_a_sacla_frame_are_those_of_dials(
    fast_lane: FastLane, lane: DialsLane, task: TaskMaker, tmp_path: Path
) -> None:
    """Ten units per photon: without the gain, noise looks ten times as large."""
    noise = np.random.default_rng(2)
    photons = noise.poisson(3.0, MPCCD_SHAPE)
    for slow, fast in noise.integers(20, (MPCCD_SHAPE[0] - 20, 490), (60, 2)):
        photons[slow : slow + 2, fast : fast + 2] += noise.poisson(20.0, (2, 2))
    image = (10 * photons + noise.integers(-2, 3, MPCCD_SHAPE)).clip(0).astype(np.int32)
    file = write_mpccd(tmp_path / "run1.h5", [image], [10_000.0])
    recipe = Recipe(phil=WEAK, d_min_angstrom=2.0)
    ours, theirs = (
        either.process(task(file, recipe, index=False)).result for either in (fast_lane, lane)
    )
    assert ours.n_strong == theirs.n_strong > 30
