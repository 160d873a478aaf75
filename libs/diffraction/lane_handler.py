"""What a worker does with each kind of task; frames go through the lane that their recipe names."""

import os
from collections.abc import Callable
from typing import Any, Protocol

from libs.diffraction.archive import write_archive
from libs.diffraction.cell_finding import propose_cells
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.errors import RecipeError, UnreadableFrameError
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.lane_choice import complete_with_lane
from libs.diffraction.start_check import check_start
from libs.diffraction.tasks import (
    ArchiveTask,
    CellsTask,
    CountTask,
    FrameReply,
    FrameTask,
    RecipeRefused,
    RecipeTask,
    Reply,
    StartTask,
    Task,
)
from libs.diffraction.versions import software_versions
from libs.messages import Lane

LOW_PRIORITY, LOWEST_PRIORITY = 5, 19
"""Of the kernel: against busy work at 0 a quarter of the processor, and next to nothing."""
PRELOAD = ("libs.diffraction.dials_preload", "libs.diffraction.fast_preload")


class FrameLane(Protocol):
    """What both lanes do."""

    def process(self, task: FrameTask, progress: Callable[[Any], None]) -> FrameReply:
        """One frame's reply; raises RecipeError."""
        ...


class LaneHandler:
    """Both lanes in one worker."""

    def __init__(self) -> None:
        self._dials = DialsLane()
        self._lanes: dict[Lane, FrameLane] = {Lane.DIALS: self._dials, Lane.FAST: FastLane()}

    def handle(self, task: Task, progress: Callable[[Any], None]) -> Reply:
        """The reply that belongs to the task."""
        match task:
            case FrameTask():
                return _or_refused(lambda: self._lane(task).process(task, progress))
            case RecipeTask():
                return _or_refused(lambda: complete_with_lane(task.recipe))
            case CountTask():
                return self._count(task.file)
            case ArchiveTask():
                write_archive(task)
                return None
            case CellsTask():
                return propose_cells(task.cells)
            case StartTask():
                check_start()
                return software_versions()

    def _lane(self, task: FrameTask) -> FrameLane:
        lane = task.recipe.lane
        if lane not in self._lanes:
            raise RecipeError(f"lane {lane.value} is not computed here")
        return self._lanes[lane]

    def _count(self, file: str) -> int:
        """An unreadable file counts as one image, whose result will say what is wrong."""
        try:
            return max(1, self._dials.reader.count(file))
        except UnreadableFrameError:
            return 1


def _or_refused(work: Callable[[], Reply]) -> Reply:
    try:
        return work()
    except RecipeError as error:
        return RecipeRefused(reason=str(error))


def make_lane_handler() -> LaneHandler:
    """For the worker pool: made inside the worker."""
    return LaneHandler()


def make_slow_handler() -> LaneHandler:
    """The same in a worker that gives way to those of the fast lane."""
    os.nice(LOW_PRIORITY)
    return LaneHandler()


def make_patient_handler() -> LaneHandler:
    """The same in a worker that takes only the CPU time that nobody else wants."""
    os.nice(LOWEST_PRIORITY)
    return LaneHandler()
