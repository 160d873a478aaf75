"""Looking at real folders; ages come from a clock in the test's hand."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from libs.messages import FramesArrived, RunEnded, RunStarted
from services.run_discovery.folders import FolderWatch
from services.run_discovery.sightings import Mode
from tests.run_discovery.helpers import MINI_CBF, Discovery, frames_of, settings_for


class Beamline:
    """A folder, a watch on it, and what was said."""

    def __init__(self, folder: Path, mode: Mode, **changes: object) -> None:
        settings = settings_for(folder, mode, **changes)
        self.folder, self.now_s = folder, 1000.0
        self.watch = FolderWatch(settings, rescan_finished_s=30.0, monotonic=lambda: self.now_s)
        self.discovery = Discovery(settings.rules())
        self.problems: tuple[str, ...] = ()

    def look(self, *, after_s: float = 0.25) -> list[object]:
        """What a look at the folder has us say, some seconds after the last one."""
        self.now_s += after_s
        scan = self.watch.scan(self.discovery.ledger)
        self.problems = scan.problems
        now_us = 1 + max((r.folder_us for r in scan.runs), default=0)
        return [m for run in scan.runs for m in self.discovery.see(run, now_us)]

    def write(self, name: str, content: bytes = MINI_CBF) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture
def images(tmp_path):
    return Beamline(tmp_path, Mode.IMAGE_FILES)


@pytest.fixture
def composite(tmp_path):
    beamline = Beamline(tmp_path, Mode.STATUS_FILE)
    yield beamline
    beamline.watch.close()


def hdf5(path: Path, frames: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/data/data", data=np.ones((frames, 4, 4)), chunks=(1, 4, 4))


def kinds(messages):
    return [type(m) for m in messages]


def test_a_whole_image_is_announced_at_first_sight(images):
    images.write("r1/x_0004.cbf")
    assert [frame for *_, frame in frames_of(images.look())] == [4]
    images.write("r1/x_0005.cbf")
    assert [frame for *_, frame in frames_of(images.look())] == [5]


def test_an_image_being_written_waits_until_it_is_whole(images):
    images.write("r1/x_0001.cbf", MINI_CBF[:-20])
    assert images.look() == []
    assert images.look() == []
    images.write("r1/x_0001.cbf")
    assert len(frames_of(images.look())) == 1


def test_an_empty_image_is_announced_when_it_stays_empty(images):
    images.write("r1/x_0001.cbf", b"")
    assert images.look() == []
    assert images.look(after_s=9.0) == []
    assert len(frames_of(images.look(after_s=2.0))) == 1


def test_an_image_moved_into_place(images):
    part = images.write("r1/.x_0001.cbf.part")
    assert images.look() == []
    part.rename(images.folder / "r1/x_0001.cbf")
    assert len(frames_of(images.look())) == 1


def test_files_that_match_no_pattern_are_nobodys_business(images):
    images.write("r1/notes.txt")
    images.write("stray.cbf")
    assert images.look() == []
    assert images.problems == ()


def test_status_txt_ends_a_run(composite):
    hdf5(composite.folder / "r0001/x_00001.h5", 3)
    assert kinds(composite.look()) == [RunStarted, FramesArrived]
    composite.write("r0001/status.txt", b"Status=Running\n")
    assert composite.look() == []
    composite.write("r0001/status.txt", b"# by the beamline\nStatus=Finished\n")
    assert kinds(composite.look()) == [RunEnded]


def test_files_of_a_master_are_not_counted_again(composite):
    hdf5(composite.folder / "r1/x_data_000001.h5", 3)
    assert composite.look() == []


def test_an_ended_run_is_looked_at_rarely_but_late_files_are_found(composite):
    hdf5(composite.folder / "r1/x_00001.h5", 3)
    composite.write("r1/status.txt", b"Status=Finished")
    assert kinds(composite.look()) == [RunStarted, FramesArrived, RunEnded]
    composite.look()
    hdf5(composite.folder / "r1/x_00002.h5", 2)
    assert composite.look() == []
    assert kinds(composite.look(after_s=31.0)) == [FramesArrived, RunEnded]


def test_a_run_removed_and_written_again_is_a_new_version(images):
    first = images.write("r1/x_0001.cbf")
    images.look()
    shutil.rmtree(first.parent)
    assert images.look() == []
    again = images.write("r1/x_0001.cbf")
    os.utime(again, ns=(10**18, 10**18))
    assert images.look()[0].version == 2


def test_a_missing_folder_is_a_problem_that_passes(tmp_path):
    beamline = Beamline(tmp_path / "later", Mode.IMAGE_FILES)
    assert beamline.look() == []
    assert "later" in beamline.problems[0]
    beamline.folder.mkdir()
    beamline.write("r1/x_0001.cbf")
    assert len(frames_of(beamline.look())) == 1
    assert beamline.problems == ()


def test_a_name_that_is_not_utf8_is_a_problem_of_its_own(images):
    images.write("r1/x_0001.cbf")
    images.write(os.fsdecode(b"r1/x_\xff2.cbf"))
    assert len(frames_of(images.look())) == 1
    assert "UTF-8" in images.problems[0]


def test_long_numbers_keep_the_digits_that_a_float_can_hold(images):
    images.write("r1/idx-20130301060858401.cbf")
    assert frames_of(images.look())[0][-1] == 130301060858401


def test_the_number_can_be_taken_from_elsewhere_in_the_name(tmp_path):
    beamline = Beamline(tmp_path, Mode.IMAGE_FILES, file_number=r"^shot(\d+)_")
    beamline.write("r1/shot12_cam1.cbf")
    assert frames_of(beamline.look())[0][-1] == 12


def test_a_restart_sees_nothing_new(images):
    for n in range(5):
        images.write(f"r1/x_{n:04d}.cbf")
    images.look()
    fresh = Beamline(images.folder, Mode.IMAGE_FILES)
    fresh.discovery.ledger = replace(images.discovery.ledger)
    assert fresh.look() == []
