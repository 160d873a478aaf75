"""Frames processed by a pool of workers: what the service and the command line share.

Blocking calls; what went wrong with a frame is in its result. Imports no DIALS in this process.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from libs.crystallography.cells import Cell, CellProposal
from libs.diffraction.debian_gaps import use_one_thread
from libs.diffraction.errors import DiffractionError, RecipeError
from libs.diffraction.event_time import event_time_without_file
from libs.diffraction.lane_handler import PRELOAD, make_lane_handler
from libs.diffraction.tasks import (
    ArchiveTask,
    CellsTask,
    CountTask,
    FrameReply,
    FrameTask,
    RecipeRefused,
    RecipeTask,
    StartTask,
)
from libs.diffraction.workers import Answered, Crashed, Limits, TimedOut, WorkerPool
from libs.diffraction.workers.pool import PoolStatistics
from libs.messages import FrameResult, Outcome, Recipe

SHORT = Limits(cpu_s=120.0, wall_s=600.0)


class FramePool:
    """`n_workers` frames at a time; use as many threads as workers."""

    def __init__(self, n_workers: int, *, make_handler: Any = make_lane_handler) -> None:
        use_one_thread()
        self._pool = WorkerPool(n_workers, make_handler, preload=PRELOAD)

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers now; frames in flight are lost to their callers."""
        self._pool.close()

    @property
    def size(self) -> int:
        """How many frames run at a time."""
        return self._pool.size

    @property
    def statistics(self) -> PoolStatistics:
        """Workers alive and replaced."""
        return self._pool.statistics

    def process(self, task: FrameTask) -> FrameReply:
        """One frame; raises RecipeError where its recipe cannot be used."""
        recipe = task.recipe
        limits = Limits(cpu_s=recipe.timeout_cpu_s, wall_s=recipe.timeout_wall_s)
        ended = self._pool.run(task, limits)
        if isinstance(ended, Answered):
            if isinstance(ended.value, RecipeRefused):
                raise RecipeError(ended.value.reason)
            reply: FrameReply = ended.value
            return reply
        return FrameReply(result=lost_frame(task, ended))

    def complete_recipe(self, recipe: Recipe) -> Recipe:
        """The recipe with its files and limits; raises RecipeError."""
        value = self._answer(RecipeTask(recipe=recipe))
        if isinstance(value, RecipeRefused):
            raise RecipeError(value.reason)
        completed: Recipe = value
        return completed

    def count_images(self, file: str) -> int:
        """Images in a file; an unreadable file counts as one."""
        ended = self._pool.run(CountTask(file=file), SHORT)
        return int(ended.value) if isinstance(ended, Answered) else 1

    def propose_cells(self, cells: Sequence[Cell]) -> tuple[CellProposal, ...]:
        """Groups of similar lattices, the largest first; raises DiffractionError."""
        return tuple(self._answer(CellsTask(cells=tuple(cells))))

    def versions(self) -> dict[str, str]:
        """The software that computes the results, after a check that it works."""
        return dict(self._answer(StartTask()))

    def write_archive(self, task: ArchiveTask) -> None:
        """Write one chunk's files; raises DiffractionError."""
        self._answer(task)

    def _answer(self, task: Any) -> Any:
        ended = self._pool.run(task, SHORT)
        if not isinstance(ended, Answered):
            raise DiffractionError(ended.reason)
        return ended.value


def lost_frame(task: FrameTask, ended: Crashed | TimedOut) -> FrameResult:
    """The result of a frame that took its worker with it: what was known before, and why."""
    outcome = Outcome.CRASHED if isinstance(ended, Crashed) else Outcome.TIMED_OUT
    if isinstance(ended.partial, FrameResult):
        return msgspec.structs.replace(ended.partial, outcome=outcome, reason=ended.reason)
    ts_us, ts_source = event_time_without_file(task)
    return FrameResult(
        frame=task.frame,
        index_in_file=task.index_in_file,
        file=task.file,
        ts_us=ts_us,
        ts_source=ts_source,
        outcome=outcome,
        reason=ended.reason,
    )
