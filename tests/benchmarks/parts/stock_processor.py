"""Stock DIALS on one frame: the processor alone, and the way in from a file that it has itself."""

import time
from dataclasses import replace
from typing import Any

from libs.diffraction.fast_lane import FastLane
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.quiet import quiet, seed_everything
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.recipe_phil import frame_params
from tests.benchmarks.parts.processing_cases import Case


class HeldFrame:
    """A reader that has its frame already."""

    def __init__(self, frame: RawFrame) -> None:
        self._frame = frame

    def read(self, file: str, index: int) -> RawFrame:
        """The frame, whatever is asked for."""
        del file, index
        return self._frame

    def close(self) -> None:
        """Nothing is open."""


def stock(case: Case, lane: FastLane) -> dict[str, float]:
    """CPU seconds of all and of each step; the frame is in memory."""
    return _run(case, lane, lambda: experiments_of(case.frame, "0"))


def stock_from_file(case: Case, lane: FastLane) -> float:
    """CPU seconds with DIALS's own import of the file."""
    return _run(case, lane, lambda: experiments_of(_imported(case), "0"))["all"]


def _imported(case: Case) -> RawFrame:
    from dxtbx.model.experiment_list import ExperimentListFactory

    experiments = ExperimentListFactory.from_filenames([case.task.file])
    number = case.task.index_in_file if len(experiments) > 1 else 0
    imageset = experiments[number].imageset
    return replace(
        case.frame,
        images=imageset.get_raw_data(0),
        beam=imageset.get_beam(0),
        detector=imageset.get_detector(0),
    )


def _run(case: Case, lane: FastLane, make_experiments: Any) -> dict[str, float]:
    from libs.diffraction.watched_processor import WatchedProcessor

    params = frame_params(lane.recipe(case.task.recipe).params, index=True)
    with quiet():
        seed_everything()
        started = time.process_time()
        processor = WatchedProcessor(params, lambda strong: None, time.process_time)
        processor.process_experiments("0", make_experiments())
        total = time.process_time() - started
    return {"all": total} | processor.seconds
