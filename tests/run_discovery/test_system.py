"""A real process, a real broker, a run that grows on disk: what only the real thing can show.

The process is killed with -9 again and again while a simulated beamline writes; in the end every
frame of its truth has been announced once, and nothing else.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from libs.local_stack import ROOT
from libs.messages import FramesArrived, Message, RunEnded, RunStarted
from libs.messages.topics import RUNS
from libs.simulation import (
    QUICK_DETECTOR,
    BeamlineSettings,
    RunRequest,
    prepare_run,
    read_frame_truths,
)
from libs.streams import read_whole
from tests.run_discovery.helpers import MINI_CBF
from tests.streams.readable import readable

pytestmark = pytest.mark.system
DEADLINE_S = 240.0


class Process:
    """run_discovery in a process of its own, on a broker of its own."""

    def __init__(self, kafka: str, folder: Path, sources: str) -> None:
        (folder / "sources.toml").write_text(sources)
        self._kafka, self._log = kafka, folder / "log"
        self._environment = os.environ | {
            "STILLSTREAM_KAFKA__BOOTSTRAP": kafka,
            "STILLSTREAM_SOURCES_FILE": str(folder / "sources.toml"),
            "STILLSTREAM_SCAN_INTERVAL_S": "0.05",
            "STILLSTREAM_RESCAN_FINISHED_S": "0.5",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.run_discovery"],
                cwd=ROOT,
                env=self._environment,
                stderr=log,
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        self._process.terminate()
        return self._process.wait(timeout=DEADLINE_S)

    def said(self, experiment: str) -> "Said":
        return Said(self._kafka, experiment, self._process)


class Said:
    """What stands on the runs topic about one experiment."""

    def __init__(self, kafka: str, experiment: str, process: subprocess.Popen[bytes]) -> None:
        self._kafka, self._prefix, self._process = kafka, f"{experiment}/", process

    async def now(self) -> list[Message]:
        messages = readable(await read_whole(self._kafka, RUNS))
        return [m for m in messages if m.run.startswith(self._prefix)]

    async def until(self, condition: Callable[[list[Message]], bool]) -> list[Message]:
        deadline = time.monotonic() + DEADLINE_S
        while not condition(said := await self.now()):
            assert self._process.poll() is None, "run_discovery ended by itself"
            assert time.monotonic() < deadline, said[-3:]
        return said


@pytest.fixture
def discovery(kafka, tmp_path):
    made = []

    def make(sources: str) -> Process:
        made.append(Process(kafka, tmp_path, sources))
        made[-1].start()
        return made[-1]

    yield make
    for process in made:
        process.kill()


def count(messages: list[Message]) -> int:
    return sum(s.count for m in messages if isinstance(m, FramesArrived) for s in m.spans)


def ended(messages: list[Message]) -> bool:
    return any(isinstance(m, RunEnded) for m in messages)


def places(messages: list[Message]) -> list[tuple[str, int, int]]:
    return sorted(
        (Path(span.file).name, span.first_index + i, span.first_frame + i)
        for m in messages
        if isinstance(m, FramesArrived)
        for span in m.spans
        for i in range(span.count)
    )


async def test_killed_again_and_again_while_a_run_grows(discovery, tmp_path):
    frames = 120
    process = discovery(
        f'[[sources]]\nname = "jet"\nexperiment = "killed"\nfolder = "{tmp_path}/jet"\n'
        'mode = "status_file"\n'
    )
    writer = prepare_run(
        RunRequest(
            out=tmp_path / "jet",
            scenario="jet-dies",
            frames=frames,
            frames_per_file=35,
            beamline=BeamlineSettings(detector=QUICK_DETECTOR),
        )
    )
    chance, announced, shots = random.Random(7), 0, writer.frames()
    for _ in range(4):
        for _ in range(chance.randint(5, 25)):
            next(shots)
        said = await process.said("killed").until(lambda m, n=announced: count(m) > n)
        announced = count(said)
        process.kill()
        next(shots)
        process.start()
    for _ in shots:
        pass
    said = await process.said("killed").until(ended)
    truth = [(t.file, t.index_in_file, t.frame) for t in read_frame_truths(writer.folder)]
    assert places(said) == sorted(truth)
    assert len(truth) == frames
    assert sum(isinstance(m, RunStarted) for m in said) == 1
    assert [m.n_frames for m in said if isinstance(m, RunEnded)] == [frames]
    sequences = [m.sequence for m in said if isinstance(m, FramesArrived)]
    assert sequences == list(range(len(sequences)))


async def test_late_broken_and_empty_images_each_cost_their_own_frame(discovery, tmp_path):
    folder = tmp_path / "images" / "r1"
    folder.mkdir(parents=True)
    (folder / "x_0001.cbf").write_bytes(MINI_CBF)
    (folder / "x_0002.cbf").write_bytes(MINI_CBF[:-40])
    (folder / "x_0003.cbf").write_bytes(b"")
    process = discovery(
        f'[[sources]]\nname = "raster"\nexperiment = "late"\nfolder = "{tmp_path}/images"\n'
        'mode = "image_files"\nframes_expected = 3\nunreadable_after_s = 0.5\n'
    )
    said = await process.said("late").until(ended)
    assert [frame for *_, frame in places(said)] == [1, 2, 3]
    (folder / "x_0009.cbf").write_bytes(MINI_CBF)
    said = await process.said("late").until(lambda m: count(m) == 4)
    assert process.stop() == 0
    process.start()
    (folder / "x_0010.cbf").write_bytes(MINI_CBF)
    said = await process.said("late").until(lambda m: count(m) == 5)
    assert [frame for *_, frame in places(said)] == [1, 2, 3, 9, 10]
