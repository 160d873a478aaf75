"""Frames of a file that another process is writing (SWMR), read as soon as they are announced."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import h5py
import numpy as np
import pytest

from libs.diffraction import UnreadableFrameError
from libs.diffraction.debian_gaps import prepare
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.hdf5_file import _stamp
from libs.diffraction.raw_frame import RawFrame

pytestmark = pytest.mark.system


class Writer:
    """The other process."""

    def __init__(self, out: Path) -> None:
        self.file = out / "r0001" / "shot_00001.h5"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.diffraction.growing_writer", str(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def write_one(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("next\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def finish(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with closing(Writer(tmp_path)) as made:
        yield made


@pytest.fixture
def reader() -> Iterator[FrameReader]:
    prepare()
    with closing(FrameReader()) as made:
        yield made


def test_frames_of_a_growing_file_equal_those_of_the_finished_one(
    writer: Writer, reader: FrameReader
) -> None:
    seen: list[RawFrame] = []
    for _ in range(5):
        index = writer.write_one()
        seen.append(reader.read(str(writer.file), index))
        assert reader.count(str(writer.file)) == index + 1
        with pytest.raises(UnreadableFrameError, match=f"holds {index + 1} images"):
            reader.read(str(writer.file), index + 1)
    writer.finish()
    last = reader.read(str(writer.file), 7)
    with h5py.File(writer.file, "r") as finished:
        images = finished["entry/data/data"]
        stamps = finished["entry/instrument/detector/timestamp"]
        wavelengths = finished["entry/instrument/beam/incident_wavelength"]
        for index, frame in [*enumerate(seen), (7, last)]:
            assert np.array_equal(frame.images[0].as_numpy_array(), images[index])
            assert frame.clock.stamp_us == stamps[index]
            assert frame.beam.get_wavelength() == pytest.approx(wavelengths[index])


def test_earlier_frames_stay_readable_and_other_readers_may_come_late(
    writer: Writer, reader: FrameReader
) -> None:
    for _ in range(3):
        writer.write_one()
    late = FrameReader()
    with closing(late):
        assert late.count(str(writer.file)) == 3
        first = late.read(str(writer.file), 0)
        writer.write_one()
        again = late.read(str(writer.file), 0)
        assert np.array_equal(first.images[0].as_numpy_array(), again.images[0].as_numpy_array())
        assert late.read(str(writer.file), 3).clock.stamp_us is not None


def test_a_file_that_was_replaced_is_read_anew(
    writer: Writer, reader: FrameReader, tmp_path: Path
) -> None:
    writer.write_one()
    writer.finish()
    file = tmp_path / "same_name.h5"
    file.write_bytes(writer.file.read_bytes())
    before = reader.read(str(file), 0).images[0].as_numpy_array().copy()
    other = tmp_path / "other.h5"
    other.write_bytes(writer.file.read_bytes())
    with h5py.File(other, "r+") as handle:
        handle["entry/data/data"][0] = handle["entry/data/data"][1]
    other.replace(file)
    after = reader.read(str(file), 0).images[0].as_numpy_array()
    assert not np.array_equal(before, after)


def test_a_file_that_vanished_is_unreadable_though_it_is_still_open(
    writer: Writer, reader: FrameReader
) -> None:
    writer.write_one()
    reader.read(str(writer.file), 0)
    writer.file.unlink()
    with pytest.raises(UnreadableFrameError, match="does not exist"):
        reader.read(str(writer.file), 0)


class Stale:
    """What h5py has of a data set that grew: its old length and values, until it is refreshed."""

    def __init__(self, values: list[int], *, length: int, filled: int) -> None:
        self._values, self._length, self._filled = values, length, filled
        self.ndim, self.dtype = 1, np.dtype(np.int64)

    def refresh(self) -> None:
        self._length = self._filled = len(self._values)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> int:
        return self._values[index] if index < self._filled else 0


@pytest.mark.parametrize("length", [2, 3])
def test_a_stamp_that_is_not_visible_yet_is_read_again(length: int) -> None:
    detector = {"timestamp": Stale([7, 8, 9], length=length, filled=2)}
    assert [_stamp(detector, index) for index in (1, 2, 0, 3)] == [8, 9, 7, None]


def test_a_length_that_was_looked_at_is_looked_at_again(writer: Writer) -> None:
    writer.write_one()
    with h5py.File(writer.file, "r", swmr=True) as file:
        stamps = file["entry/instrument/detector/timestamp"]
        assert len(stamps) == 1
        second = writer.write_one()
        assert _stamp({"timestamp": stamps}, second) is not None
