"""Chunks, records and a frame-processing fake for the tests of this service."""

import threading
from collections.abc import Callable
from typing import Any

from libs.diffraction import ArchivePart, ArchiveTask, FrameReply, FrameTask, RecipeError
from libs.messages import (
    FrameNumber,
    FrameResult,
    FrameSpan,
    FramesToProcess,
    JobChanged,
    JobState,
    Lane,
    Outcome,
    Recipe,
    ReflectionsIntegrated,
    TimestampSource,
    job_id,
    run_id,
)

RUN = run_id("common", "sim", "0001", 1)
JOB = job_id(RUN, 0, 0)
RECIPE = Recipe(phil="", d_min_angstrom=2.0)
FAST = Recipe(phil="", d_min_angstrom=2.0, lane=Lane.FAST)


def span(first: int = 0, count: int = 3, file: str = "/data/a.h5") -> FrameSpan:
    return FrameSpan(
        file=file,
        first_index=first,
        first_frame=FrameNumber(first),
        count=count,
        written_us=1_000,
    )


def chunk(number: int = 0, **choices: Any) -> FramesToProcess:
    defaults: dict[str, Any] = {
        "job": JOB,
        "attempt": 1,
        "chunk": number,
        "run": RUN,
        "spans": (span(10 * number),),
        "recipe": FAST,
        "run_started_us": 500,
        "announced_us": 2_000,
        "dispatched_us": 3_000,
    }
    return FramesToProcess(**{**defaults, **choices})


def changed(state: JobState, attempt: int = 1) -> JobChanged:
    return JobChanged(
        job=JOB,
        attempt=attempt,
        state=state,
        run=RUN,
        experiment="common",
        trial=0,
        run_group=0,
        recipe=RECIPE,
        started_us=0,
        changed_us=0,
    )


def result_of(task: FrameTask, outcome: Outcome = Outcome.PROCESSED) -> FrameResult:
    return FrameResult(
        frame=task.frame,
        index_in_file=task.index_in_file,
        file=task.file,
        ts_us=task.frame,
        ts_source=TimestampSource.FRAME,
        outcome=outcome if task.index else Outcome.SCREENED,
    )


def reflections_of(task: FrameTask) -> ReflectionsIntegrated:
    return ReflectionsIntegrated(
        job=task.job,
        attempt=task.attempt,
        run=task.run,
        frame=task.frame,
        lane=task.recipe.lane,
        lattice=0,
        unit_cell=(79.0, 79.0, 38.0, 90.0, 90.0, 90.0),
        space_group="P 43 21 2",
        n=0,
        miller_index=b"",
        intensity=b"",
        sigma=b"",
    )


class FakeFrames:
    """Answers at once, or when it is let go; remembers what it was asked."""

    size = 2

    def __init__(
        self, *, held: bool = False, bad_recipe: bool = False, reflections: bool = False
    ) -> None:
        self.reflections = reflections
        self.go = threading.Event()
        self.asked: list[FrameTask] = []
        self.archived: list[ArchiveTask] = []
        self._bad_recipe = bad_recipe
        if not held:
            self.go.set()

    def process(self, task: FrameTask) -> FrameReply:
        self.asked.append(task)
        self.go.wait(240)
        if self._bad_recipe:
            raise RecipeError("unknown parameter foo (line 1)")
        part = ArchivePart(frame=task.frame) if task.keep_parts else None
        found = (reflections_of(task),) if self.reflections else ()
        return FrameReply(result=result_of(task), part=part, reflections=found)

    def write_archive(self, task: ArchiveTask) -> None:
        self.archived.append(task)


Predicate = Callable[[], bool]
