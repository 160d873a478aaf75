"""A file that hangs or crashes HDF5 costs itself only."""

import os
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest

from libs.diffraction.virtual_data import WRITTEN_IN_SWMR_MODE
from services.run_discovery.hdf5_files import UnreadableFileError
from services.run_discovery.reader_process import ReaderDiedError, ReaderProcess


def written(path: Path) -> Path:
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("entry/data/data", data=np.ones((3, 4, 4)), chunks=(1, 4, 4))
    return path


def hanging(path: Path) -> Path:
    """Marked as being written in SWMR mode, with metadata of which no checksum is right."""
    content = bytearray(written(path).read_bytes())
    content[11] |= WRITTEN_IN_SWMR_MODE
    content[48:400] = bytes(b ^ 0xFF for b in content[48:400])
    path.write_bytes(content)
    return path


@pytest.fixture
def reader():
    process = ReaderProcess(cpu_limit_s=60.0, wall_limit_s=240.0)
    yield process
    process.close()


def test_it_answers_as_the_function_does(reader, tmp_path):
    good, bad = written(tmp_path / "a.h5"), tmp_path / "b.h5"
    bad.write_bytes(b"")
    assert reader.look_into(good, time_zone="UTC").readable == 3
    with pytest.raises(UnreadableFileError, match=r"b\.h5"):
        reader.look_into(bad, time_zone="UTC")


@pytest.fixture
def impatient():
    process = ReaderProcess(cpu_limit_s=60.0, wall_limit_s=4.0)
    yield process
    process.close()


def test_a_file_that_hangs_ends_the_process_and_the_next_is_read(impatient, tmp_path):
    reader = impatient
    with pytest.raises(ReaderDiedError, match=r"x\.h5"):
        reader.look_into(hanging(tmp_path / "x.h5"), time_zone="UTC")
    assert reader.look_into(written(tmp_path / "a.h5"), time_zone="UTC").readable == 3


def test_a_crash_ends_the_process_and_the_next_is_read(reader, tmp_path):
    good = written(tmp_path / "a.h5")
    reader.look_into(good, time_zone="UTC")
    os.kill(reader._process.pid, signal.SIGSEGV)
    with pytest.raises(ReaderDiedError):
        reader.look_into(good, time_zone="UTC")
    assert reader.look_into(good, time_zone="UTC").readable == 3
