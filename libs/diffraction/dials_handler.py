"""What a worker of the `dials` lane does with each kind of task."""

from collections.abc import Callable
from typing import Any

from libs.diffraction.archive import write_archive
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.errors import RecipeError, UnreadableFrameError
from libs.diffraction.recipe_phil import complete_recipe
from libs.diffraction.start_check import check_start
from libs.diffraction.tasks import (
    ArchiveTask,
    CountTask,
    FrameTask,
    RecipeRefused,
    RecipeTask,
    Reply,
    StartTask,
    Task,
)
from libs.diffraction.versions import software_versions

PRELOAD = ("libs.diffraction.dials_preload",)


class DialsHandler:
    """One lane in one worker."""

    def __init__(self) -> None:
        self._lane = DialsLane()

    def handle(self, task: Task, progress: Callable[[Any], None]) -> Reply:
        """The reply that belongs to the task."""
        match task:
            case FrameTask():
                try:
                    return self._lane.process(task, progress)
                except RecipeError as error:
                    return RecipeRefused(reason=str(error))
            case RecipeTask():
                try:
                    return complete_recipe(task.recipe)
                except RecipeError as error:
                    return RecipeRefused(reason=str(error))
            case CountTask():
                return self._count(task.file)
            case ArchiveTask():
                write_archive(task)
                return None
            case StartTask():
                check_start()
                return software_versions()

    def _count(self, file: str) -> int:
        """An unreadable file counts as one image, whose result will say what is wrong."""
        try:
            return max(1, self._lane.reader.count(file))
        except UnreadableFrameError:
            return 1


def make_dials_handler() -> DialsHandler:
    """For the worker pool: made inside the worker."""
    return DialsHandler()
