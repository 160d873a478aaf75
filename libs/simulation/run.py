"""One run on disk: files that grow while they are written, the truth beside them, then the status.

<folder>/<run>/<prefix>_00001.h5 …   NXmx, SWMR while growing
               truth_run.json        scenario, onset, cell; rewritten at the end
               truth.jsonl           one line per frame, as it is written
               status.txt            Status=Finished, after the last file is closed
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from libs.simulation.beamline import Beamline, Frame
from libs.simulation.conditions import Kind
from libs.simulation.errors import SimulationError
from libs.simulation.nxmx import Header
from libs.simulation.nxmx_file import NxmxFile
from libs.simulation.scenario import Scenario
from libs.simulation.truth import (
    FRAMES_FILE,
    FrameTruth,
    RunTruth,
    frame_truth,
    write_run_truth,
)

STATUS_FILE = "status.txt"
FINISHED = "Status=Finished\n"


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What to write. `folder` is the run's own, named like the run; it must not exist yet.

    `start_us` is the first frame's event time; the others follow every `period_us`.
    """

    folder: Path
    scenario: Scenario
    frames: int
    seed: int
    start_us: int
    period_us: int
    prefix: str = "shot"
    frames_per_file: int | None = None
    flush_every: int = 1

    def ts_us(self, frame: int) -> int:
        return self.start_us + frame * self.period_us

    def place(self, frame: int) -> tuple[str, int]:
        """The name of the frame's file and its index in it, both from the frame number."""
        number, index = divmod(frame, self.frames_per_file or max(self.frames, 1))
        return f"{self.prefix}_{number + 1:05d}.h5", index


class RunWriter:
    """Writes a run frame by frame, as fast as its iterator is asked."""

    def __init__(self, beamline: Beamline, settings: RunSettings) -> None:
        self._beamline = beamline
        self._settings = settings
        self._truth = describe_run(beamline, settings)

    @property
    def folder(self) -> Path:
        return self._settings.folder

    @property
    def truth(self) -> RunTruth:
        """What is known before the first frame is written."""
        return self._truth

    def frames(self) -> Iterator[FrameTruth]:
        """Yield the truth of each frame once it is written; finish the run at the end.

        An iterator that is abandoned closes its files and leaves the run without a status.
        """
        settings = self._settings
        _make_folder(settings.folder)
        write_run_truth(settings.folder, self._truth)
        kinds: Counter[Kind] = Counter()
        with (settings.folder / FRAMES_FILE).open("wb") as lines:
            for truth in self._write_files():
                lines.write(msgspec.json.encode(truth) + b"\n")
                lines.flush()
                kinds[truth.kind] += 1
                yield truth
        self._finish(kinds)

    def _write_files(self) -> Iterator[FrameTruth]:
        settings = self._settings
        per_file = settings.frames_per_file or settings.frames
        for first in range(0, settings.frames, per_file):
            last = min(first + per_file, settings.frames)
            name, _ = settings.place(first)
            header = Header(
                settings=self._beamline.settings,
                detector=self._beamline.detector,
                start_us=settings.ts_us(first),
                period_us=settings.period_us,
            )
            path = settings.folder / name
            with NxmxFile(path, header, flush_every=settings.flush_every) as file:
                for number in range(first, last):
                    yield self._write_frame(file, number)

    def _write_frame(self, file: NxmxFile, number: int) -> FrameTruth:
        settings = self._settings
        frame = self._shoot(number)
        ts_us = settings.ts_us(number)
        file.append(
            frame.image,
            frame=number,
            ts_us=ts_us,
            wavelength_angstrom=frame.shot.wavelength_angstrom,
        )
        name, index = settings.place(number)
        run = settings.folder.name
        return frame_truth(frame, run=run, file=name, index_in_file=index, ts_us=ts_us)

    def _shoot(self, number: int) -> Frame:
        seed = self._settings.seed
        return self._beamline.shoot(seed, number, self._settings.scenario.condition(seed, number))

    def _finish(self, kinds: Counter[Kind]) -> None:
        folder = self._settings.folder
        truth = msgspec.structs.replace(self._truth, frames_by_kind=dict(kinds), complete=True)
        write_run_truth(folder, truth)
        waiting = folder / f".{STATUS_FILE}"
        waiting.write_text(FINISHED)
        waiting.rename(folder / STATUS_FILE)


def describe_run(beamline: Beamline, settings: RunSettings) -> RunTruth:
    """All that is known of a run before it is written."""
    scenario, sample, detector = settings.scenario, beamline.sample, beamline.settings.detector

    def when(frame: int | None) -> int | None:
        return None if frame is None else settings.ts_us(frame)

    return RunTruth(
        run=settings.folder.name,
        scenario=scenario.name,
        seed=settings.seed,
        frames=settings.frames,
        period_us=settings.period_us,
        start_us=settings.start_us,
        onset_frame=scenario.onset_frame,
        onset_us=when(scenario.onset_frame),
        cure_frame=scenario.cure_frame,
        cure_us=when(scenario.cure_frame),
        sample=sample.name,
        unit_cell=sample.unit_cell,
        space_group=sample.space_group,
        structure_seed=beamline.settings.structure_seed,
        wavelength_angstrom=beamline.settings.beam.wavelength_angstrom,
        distance_mm=detector.distance_mm,
        image_size_px=(detector.n_fast, detector.n_slow),
        files=tuple(dict.fromkeys(settings.place(n)[0] for n in range(settings.frames))),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise SimulationError(f"{folder} exists already; choose another run number.") from error
    except OSError as error:
        raise SimulationError(f"Cannot create {folder}: {error.strerror}.") from error
