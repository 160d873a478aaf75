"""Counting frames in files that another process is writing, and in broken ones."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from services.run_discovery.hdf5_files import UnreadableFileError, look_into

ROOT = Path(__file__).parents[2]
START_US = 1_795_168_800_000_000
"""2026-11-20 10:00 UTC"""


class Writer:
    """The writing process, one command at a time."""

    def __init__(self, path: Path, extent: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.run_discovery.swmr_writer", str(path), str(extent)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def tell(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def close(self) -> None:
        self.tell("finish")
        self._process.communicate()
        assert self._process.returncode == 0

    def _answer(self) -> str:
        return self._process.stdout.readline().strip()


@pytest.fixture
def writer(tmp_path):
    made = []

    def make(extent: int = 0) -> tuple[Path, Writer]:
        path = tmp_path / "x_00001.h5"
        made.append(Writer(path, extent))
        return path, made[-1]

    yield make
    for each in made:
        each.kill()


def test_frames_appear_as_they_are_flushed(writer):
    path, process = writer()
    assert look_into(path, time_zone="UTC").readable == 0
    process.tell("write 3")
    process.tell("write 2")
    assert look_into(path, time_zone="UTC").readable == 5
    process.close()
    assert look_into(path, time_zone="UTC").readable == 5


def test_room_made_beforehand_is_not_a_frame(writer):
    path, process = writer(extent=10)
    process.tell("write 4")
    seen = look_into(path, time_zone="UTC")
    assert (seen.readable, seen.extent) == (4, 10)


def test_a_killed_writer_leaves_its_frames(writer):
    path, process = writer()
    process.tell("write 3")
    process.kill()
    assert look_into(path, time_zone="UTC").readable == 3


def test_start_and_period_come_from_the_file_and_the_zone_from_the_source(writer):
    path, _ = writer()
    seen = look_into(path, time_zone="UTC")
    assert (seen.start_us, seen.period_us) == (START_US, 10_000)
    zurich = look_into(path, time_zone="Europe/Zurich")
    assert zurich.start_us == START_US - 3_600_000_000


def test_a_hole_hides_what_comes_after_it(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        data = file.create_dataset("entry/data/data", (6, 4, 4), chunks=(1, 4, 4), dtype="u2")
        for index in (0, 1, 4):
            data[index] = 1
    seen = look_into(tmp_path / "a.h5", time_zone="UTC")
    assert (seen.readable, seen.extent) == (2, 6)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([4, 5, 6], [(0, 4, 3)]),
        ([4, 5, 9, 10], [(0, 4, 2), (2, 9, 2)]),
        ([], []),
    ],
)
def test_the_files_own_counter(tmp_path, numbers, expected):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data/data"] = np.ones((4, 4, 4))
        file["entry/instrument/detector/sequence_number"] = np.array(numbers, "i8")
    seen = look_into(tmp_path / "a.h5", time_zone="UTC")
    assert seen.readable == len(numbers)
    assert [(p.first_index, p.first_frame, p.count) for p in seen.counter] == expected


@pytest.mark.parametrize("numbers", [[1, 1, 2, 3], [3, 2, 1, 0], [-1, 0, 1, 2], [0.5, 1, 2, 3]])
def test_a_counter_that_does_not_count_is_ignored(tmp_path, numbers):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data/data"] = np.ones((4, 4, 4))
        file["entry/instrument/detector/sequence_number"] = numbers
    seen = look_into(tmp_path / "a.h5", time_zone="UTC")
    assert (seen.readable, seen.counter) == (4, ())


def test_a_master_file_counts_its_linked_files_as_far_as_they_are_there(tmp_path):
    with h5py.File(tmp_path / "a_master.h5", "w") as file:
        group = file.create_group("entry/data")
        for n in (1, 2, 3):
            group[f"data_{n:06d}"] = h5py.ExternalLink(f"a_data_{n:06d}.h5", "/entry/data/data")
    for n in (1, 3):
        with h5py.File(tmp_path / f"a_data_{n:06d}.h5", "w") as file:
            file["entry/data/data"] = np.ones((2, 4, 4))
    assert look_into(tmp_path / "a_master.h5", time_zone="UTC").readable == 2
    (tmp_path / "a_data_000003.h5").rename(tmp_path / "a_data_000002.h5")
    assert look_into(tmp_path / "a_master.h5", time_zone="UTC").readable == 4


def broken(folder: Path) -> dict[str, bytes]:
    with h5py.File(folder / "good.h5", "w") as file:
        file["entry/data/data"] = np.ones((9, 40, 40))
    with h5py.File(folder / "other.h5", "w") as file:
        file["something/else"] = 1
    good = (folder / "good.h5").read_bytes()
    return {
        "empty": b"",
        "text": b"no HDF5 at all",
        "cut off": good[: len(good) // 2],
        "damaged": good[:96] + bytes(1000) + good[1096:],
        "other": (folder / "other.h5").read_bytes(),
    }


@pytest.mark.parametrize("kind", ["empty", "text", "cut off", "damaged", "other"])
def test_a_broken_file_says_so(tmp_path, kind):
    path = tmp_path / "x.h5"
    path.write_bytes(broken(tmp_path)[kind])
    with pytest.raises(UnreadableFileError, match=r"x\.h5"):
        look_into(path, time_zone="UTC")


def test_a_file_before_its_swmr_mode_is_not_readable_yet(tmp_path):
    code = (
        "import h5py, sys; f = h5py.File(sys.argv[1], 'w', libver='latest');"
        "f.create_dataset('entry/data/data', (0, 4, 4), maxshape=(None, 4, 4)); f.flush();"
        "print('ready', flush=True); sys.stdin.readline()"
    )
    path = tmp_path / "x.h5"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(UnreadableFileError):
            look_into(path, time_zone="UTC")
        process.communicate(b"\n")
    assert look_into(path, time_zone="UTC").readable == 0


def _virtual_master(folder: Path, counts: list[int]) -> Path:
    """A master over sources of ten frames each, which really hold so many."""
    layout = h5py.VirtualLayout(shape=(10 * len(counts), 4, 5), dtype=np.int32)
    for number, held in enumerate(counts):
        name = f"part_{number}.h5"
        if held >= 0:
            with h5py.File(folder / name, "w") as part:
                part["data"] = np.ones((held, 4, 5), np.int32)
        layout[10 * number : 10 * number + 10] = h5py.VirtualSource(name, "data", shape=(10, 4, 5))
    path = folder / "master.h5"
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("entry/data/data", layout)
    return path


@pytest.mark.parametrize(
    ("counts", "readable"),
    [([10, 10], 20), ([10, 4], 14), ([10, -1, 10], 10), ([-1], 0), ([3, 10], 3)],
)
def test_of_a_virtual_data_set_only_what_its_sources_hold_is_readable(
    counts: list[int], readable: int, tmp_path: Path
) -> None:
    seen = look_into(_virtual_master(tmp_path, counts), time_zone="UTC")
    assert (seen.readable, seen.extent) == (readable, 10 * len(counts))


def test_a_sacla_file_has_a_group_for_each_frame(tmp_path: Path) -> None:
    path = tmp_path / "run1.h5"
    with h5py.File(path, "w") as file:
        for tag in (280_000_000, 280_000_002, 280_000_004):
            file[f"tag-{tag}/data"] = np.zeros((4, 5), np.uint16)
        file["metadata/detector"] = b"MPCCD-8"
    assert look_into(path, time_zone="UTC").readable == 3
