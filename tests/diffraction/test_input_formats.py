"""Every layout that is read gives what the same frames give in a single NXmx file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest

from libs.diffraction import UnreadableFrameError
from libs.diffraction.debian_gaps import prepare
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.frame_reader import FrameReader
from libs.messages import FrameResult, Recipe, TimingsMs
from libs.simulation import Kind
from tests.diffraction.conftest import SimulatedRun, TaskMaker
from tests.diffraction.hdf5_layouts import (
    MPCCD_SHAPE,
    as_dectris_master,
    as_external_links,
    as_virtual,
    under_another_name,
    write_mpccd,
)

pytestmark = pytest.mark.system
LAYOUTS = {
    "virtual data set": as_virtual,
    "external links": as_external_links,
    "links, another name": under_another_name(as_external_links),
}
PARTS = (5, 1, 6)
MPCCD_PHIL = """
spotfinder.threshold.algorithm = dispersion
spotfinder.filter.min_spot_size = 2
indexing.known_symmetry.unit_cell = 79.1 79.1 38 90 90 90
indexing.known_symmetry.space_group = P43212
"""


@pytest.fixture
def reader() -> Iterator[FrameReader]:
    prepare()
    with closing(FrameReader()) as made:
        yield made


@pytest.fixture(scope="module")
def original(simulated: SimulatedRun) -> Path:
    """Twelve frames, each with its own wavelength, in one NXmx file."""
    return simulated.folder / simulated.frames[0].file


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_frame_is_that_of_the_single_file(
    layout: str, original: Path, reader: FrameReader, tmp_path: Path
) -> None:
    master = LAYOUTS[layout](original, tmp_path / "run", PARTS)
    assert reader.count(str(master)) == reader.count(str(original)) == sum(PARTS)
    for index in range(sum(PARTS)):
        ours, expected = reader.read(str(master), index), reader.read(str(original), index)
        assert np.array_equal(ours.images[0].as_numpy_array(), expected.images[0].as_numpy_array())
        assert ours.beam == expected.beam
        assert ours.detector == expected.detector
        assert ours.clock == expected.clock


def test_a_dectris_master_that_is_no_nxmx_gives_each_frame(
    original: Path, reader: FrameReader, tmp_path: Path
) -> None:
    """dxtbx follows its links itself."""
    master = as_dectris_master(original, tmp_path / "run", PARTS)
    assert reader.count(str(master)) == sum(PARTS)
    for index in range(sum(PARTS)):
        ours, expected = reader.read(str(master), index), reader.read(str(original), index)
        assert ours.format_class.__name__ == "FormatHDF5EigerNearlyNexus"
        image = expected.images[0].as_numpy_array()
        corner = ours.images[0].as_numpy_array()[: image.shape[0], : image.shape[1]]
        assert np.array_equal(corner, image)
    assert ours.detector[0].get_distance() == pytest.approx(75.0, abs=1e-3)


def test_each_frame_has_its_own_wavelength(original: Path, reader: FrameReader) -> None:
    with h5py.File(original, "r") as file:
        written = file["entry/instrument/beam/incident_wavelength"][()]
    assert len(set(written)) == sum(PARTS)
    read = [reader.read(str(original), i).beam.get_wavelength() for i in range(sum(PARTS))]
    assert read == pytest.approx(list(written), abs=1e-9)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_are_those_of_the_single_file(
    layout: str, simulated: SimulatedRun, original: Path, task: TaskMaker, tmp_path: Path
) -> None:
    master = LAYOUTS[layout](original, tmp_path / "run", PARTS)
    hits = [f.index_in_file for f in simulated.frames if f.kind is Kind.HIT]
    with closing(FastLane()) as lane:
        for index in hits:
            ours, expected = (
                _result(lane, task, file, simulated.recipe, index) for file in (master, original)
            )
            assert ours == expected
            assert ours.lattices


def _result(
    lane: FastLane | DialsLane, task: TaskMaker, file: Path, recipe: Recipe, index: int
) -> FrameResult:
    """A frame's result, its timings and its file's name aside."""
    result = lane.process(task(file, recipe, index_in_file=index)).result
    return msgspec.structs.replace(result, timings_ms=TimingsMs(), file=None)


def test_a_source_that_is_missing_costs_its_own_frames_only(
    original: Path, reader: FrameReader, tmp_path: Path
) -> None:
    master = as_virtual(original, tmp_path / "run", PARTS)
    (tmp_path / "run" / "part_001.h5").unlink()
    with pytest.raises(UnreadableFrameError, match=r"source part_001\.h5 does not exist"):
        reader.read(str(master), 5)
    reader.read(str(master), 4)
    reader.read(str(master), 6)


def test_a_source_that_is_too_short_is_noticed(
    original: Path, reader: FrameReader, tmp_path: Path
) -> None:
    master = as_virtual(original, tmp_path / "run", PARTS)
    part = tmp_path / "run" / "part_002.h5"
    with h5py.File(part, "r+") as file:
        images = file["data"][:4]
        del file["data"]
        file["data"] = images
    reader.read(str(master), 9)
    with pytest.raises(UnreadableFrameError, match=r"part_002\.h5 holds 4 images .* image 4"):
        reader.read(str(master), 10)


def test_a_link_into_a_missing_file_ends_the_run_there(
    original: Path, reader: FrameReader, tmp_path: Path
) -> None:
    master = as_external_links(original, tmp_path / "run", PARTS)
    missing = tmp_path / "run" / "part_001.h5"
    kept = missing.read_bytes()
    missing.unlink()
    assert reader.count(str(master)) == 5
    with pytest.raises(UnreadableFrameError, match=r"data_000002 is not there \(part_001\.h5\)"):
        reader.read(str(master), 5)
    missing.write_bytes(kept)
    reader.read(str(master), 5)


@pytest.fixture(scope="module")
def mpccd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of water and noise: the second holds forty spots; each has its own energy."""
    noise = np.random.default_rng(4)
    images = [noise.poisson(20.0, MPCCD_SHAPE).astype(np.int32) for _ in range(2)]
    for slow, fast in zip(
        noise.integers(20, MPCCD_SHAPE[0] - 20, 40), noise.integers(20, 490, 40), strict=True
    ):
        images[1][slow : slow + 3, fast : fast + 3] += 2000
    path = tmp_path_factory.mktemp("sacla") / "run1.h5"
    return write_mpccd(path, images, [10_000.0, 10_050.0])


def test_sacla_frames_have_eight_panels_and_their_own_energy(
    mpccd: Path, reader: FrameReader
) -> None:
    assert reader.count(str(mpccd)) == 2
    frames = [reader.read(str(mpccd), index) for index in (0, 1, 0)]
    wavelengths = [frame.beam.get_wavelength() for frame in frames]
    assert wavelengths == pytest.approx([1.239842, 1.233674, 1.239842], abs=1e-5)
    with h5py.File(mpccd, "r") as file:
        written = [group["data"][()] for name, group in file.items() if name.startswith("tag-")]
    for frame, number in zip(frames, (0, 1, 0), strict=True):
        assert len(frame.images) == len(frame.detector) == 8
        panels = np.vstack([image.as_numpy_array() for image in frame.images])
        assert np.array_equal(panels, written[number])
    assert frames[0].detector[0].get_distance() == pytest.approx(51.5, abs=0.01)


@pytest.mark.parametrize("make", [DialsLane, FastLane])
def test_sacla_frames_go_through_both_lanes(
    make: type[DialsLane | FastLane], mpccd: Path, task: TaskMaker
) -> None:
    recipe = Recipe(phil=MPCCD_PHIL, d_min_angstrom=2.0)
    with closing(make()) as lane:
        blank, spots = (_result(lane, task, mpccd, recipe, index) for index in (0, 1))
    assert blank.n_strong < 5
    assert spots.n_strong == pytest.approx(40, abs=3)
    assert not spots.lattices
    assert spots.ring_high is not None


def test_a_sacla_frame_without_pixels_costs_itself(mpccd: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(mpccd.read_bytes())
    with h5py.File(broken, "r+") as file:
        first = next(name for name in file if name.startswith("tag-"))
        del file[first]["data"]
    prepare()
    with closing(FrameReader()) as reader:
        with pytest.raises(UnreadableFrameError, match="data"):
            reader.read(str(broken), 0)
        reader.read(str(broken), 1)
