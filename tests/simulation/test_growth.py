"""A file while it grows, seen by another process through SWMR."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from libs.simulation import Beamline, RunRequest, prepare_run, read_frame_truths
from libs.simulation.conditions import condition_of

READER = """
import json, sys
import h5py, hdf5plugin
from libs.simulation.nxmx import DATA, SEQUENCE_NUMBER, TIMESTAMP
file = h5py.File(sys.argv[1], "r", swmr=True)
for _ in sys.stdin:
    for name in (SEQUENCE_NUMBER, TIMESTAMP, DATA):
        file[name].refresh()
    n = len(file[SEQUENCE_NUMBER])
    answer = {"n": n, "images": len(file[DATA]), "stamps": file[TIMESTAMP][:n].tolist()}
    answer["photons"] = [int(file[DATA][i].sum()) for i in range(n)]
    answer["mask"] = file["/entry/instrument/detector/pixel_mask"].shape
    print(json.dumps(answer), flush=True)
"""


class Reader:
    """Asks for the file's state as often as wanted; each answer follows a refresh."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def look(self) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("look\n")
        self._process.stdin.flush()
        answer: dict[str, object] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture
def open_reader() -> Iterator[Callable[[Path], Reader]]:
    processes: list[subprocess.Popen[str]] = []

    def start(path: Path) -> Reader:
        command = [sys.executable, "-c", READER, str(path)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        return Reader(process)

    yield start
    for process in processes:
        process.communicate(timeout=240)


def test_each_frame_is_seen_as_soon_as_it_is_written(
    beamline: Beamline,
    request_run: Callable[..., RunRequest],
    open_reader: Callable[[Path], Reader],
) -> None:
    writer = prepare_run(request_run(frames=4))
    frames = writer.frames()
    stamps = [next(frames).ts_us]
    reader = open_reader(writer.folder / "shot_00001.h5")
    seen = reader.look()
    assert (seen["n"], seen["mask"]) == (1, [738, 714])
    for number in (2, 3, 4):
        stamps.append(next(frames).ts_us)
        seen = reader.look()
        assert seen["n"] == seen["images"] == number
        assert seen["stamps"] == stamps
    truths = read_frame_truths(writer.folder)
    images = (beamline.shoot(1, t.frame, condition_of(t.kind)).image for t in truths)
    assert seen["photons"] == [int(image.sum()) for image in images]
    assert list(frames) == []
    assert reader.look()["n"] == 4


def test_frames_flushed_in_groups_appear_in_groups(
    request_run: Callable[..., RunRequest], open_reader: Callable[[Path], Reader]
) -> None:
    writer = prepare_run(request_run(frames=5, flush_every=2))
    frames = writer.frames()
    next(frames)
    next(frames)
    reader = open_reader(writer.folder / "shot_00001.h5")
    assert reader.look()["n"] == 2
    next(frames)
    assert reader.look()["n"] == 2
    next(frames)
    assert reader.look()["n"] == 4
    assert len(list(frames)) == 1
    assert reader.look()["n"] == 5
