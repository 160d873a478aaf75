"""The `dials` lane: stock DIALS on one frame after another inside a long-lived worker.

Every frame gets its own copy of the parameters and the same random seed, so that its result depends
on nothing but the frame and the recipe. "Did not index" is a result with a reason; what a bad file
does is a result too. Only a crash of native code, or a hang, gets out of here.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from libs.diffraction.archive import part_of
from libs.diffraction.debian_gaps import prepare
from libs.diffraction.errors import UnreadableFrameError
from libs.diffraction.event_time import EventTime, event_time, event_time_without_file
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.geometry import RingCache
from libs.diffraction.lattices import lattices_of, reflections_of
from libs.diffraction.loaded_recipe import LoadedRecipes
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.pictures import frame_pictures
from libs.diffraction.quiet import quiet, seed_everything
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.recipe_phil import frame_params, most_spots_to_index
from libs.diffraction.solvent import SolventNumbers, background_pixels, measure_solvent
from libs.diffraction.tasks import FramePictures, FrameReply, FrameTask
from libs.diffraction.usable_pixels import UsablePixels
from libs.messages import FrameResult, Outcome, TimingsMs, best_d_min

Progress = Callable[[FrameResult], None]
STEPS = {"find": "spotfinding", "index": "not indexed", "refine": "refinement",
         "integrate": "integration", "prepare": "preparation"}  # fmt: skip


def ignore_progress(result: FrameResult) -> None:
    """For callers that only want the end."""
    del result


class DialsLane:
    """Processes frames; keeps recipes, rings and open files between them."""

    def __init__(self) -> None:
        prepare()
        with quiet():
            import libs.diffraction.watched_processor  # noqa: F401 - imports DIALS once
        self._scratch = tempfile.TemporaryDirectory(prefix="stillstream-")
        self.reader = FrameReader()
        self._rings, self._usable = RingCache(), UsablePixels()
        self._recipes = LoadedRecipes(Path(self._scratch.name))

    def process(self, task: FrameTask, progress: Progress = ignore_progress) -> FrameReply:
        """One frame's reply; raises RecipeError.

        `progress` hears what is known so far, before steps that may crash or hang.
        """
        with quiet():
            loaded = self._recipes.get(task.recipe)
            seed_everything()
            started = time.perf_counter()
            try:
                frame = self.reader.read(task.file, task.index_in_file)
            except UnreadableFrameError as error:
                return FrameReply(result=unreadable(task, str(error)))
            read_s = time.perf_counter() - started
            run = _FrameRun(task, frame, progress, read_s, self._rings, self._usable)
            return run.through(loaded.params, loaded.geometry)

    def close(self) -> None:
        """Let files go."""
        self.reader.close()
        self._scratch.cleanup()


def unreadable(task: FrameTask, reason: str) -> FrameResult:
    """The result of a frame that could not be read."""
    return blank_result(task, event_time_without_file(task), Outcome.UNREADABLE, reason)


def blank_result(
    task: FrameTask, when: EventTime, outcome: Outcome, reason: str = ""
) -> FrameResult:
    """A result that says no more than which frame it is, and when."""
    return FrameResult(
        frame=task.frame,
        index_in_file=task.index_in_file,
        file=task.file,
        ts_us=when[0],
        ts_source=when[1],
        outcome=outcome,
        reason=reason,
    )


def not_prepared(task: FrameTask, frame: RawFrame, error: Exception) -> FrameResult:
    """The result of a frame whose masks or models cannot be made as the recipe wants them."""
    outcome = Outcome.PROCESSED if task.index else Outcome.SCREENED
    reason = f"preparation: {_first_line(error)}"
    result = blank_result(task, event_time(frame.clock, task), outcome, reason)
    return msgspec.structs.replace(result, wavelength_angstrom=frame.beam.get_wavelength())


class _FrameRun:
    """One frame on its way through DIALS."""

    def __init__(
        self,
        task: FrameTask,
        frame: RawFrame,
        progress: Progress,
        read_s: float,
        rings: RingCache,
        usable: UsablePixels,
    ) -> None:
        self._task, self._frame, self._progress = task, frame, progress
        self._read_s, self._rings, self._usable = read_s, rings, usable
        self._solvent = SolventNumbers()
        self._outcome = Outcome.PROCESSED if task.index else Outcome.SCREENED
        self._experiments: Any = None
        self._n_strong = 0
        self._most_spots: int | None = None
        self._pictures: FramePictures | None = None

    def through(self, params: Any, geometry: Any) -> FrameReply:
        """Process, then collect."""
        from libs.diffraction.watched_processor import WatchedProcessor

        self._progress(self._result())
        own = frame_params(params, index=self._task.index)
        self._most_spots = most_spots_to_index(params)
        processor = WatchedProcessor(own, self._after_spots)
        reason = ""
        try:
            self._experiments = experiments_of(self._frame, str(self._task.frame))
            geometry.apply(self._experiments)
            processor.process_experiments(str(self._task.frame), self._experiments)
        except Exception as error:  # noqa: BLE001 - DIALS raises anything; each is a result
            reason = f"{STEPS[processor.step]}: {_first_line(error)}"
        return self._collect(processor, reason)

    def _after_spots(self, strong: Any) -> None:
        self._n_strong = len(strong)
        from dxtbx import flumpy

        imageset = self._experiments[0].imageset
        images = [flumpy.to_numpy(image) for image in imageset.get_raw_data(0)]
        usable = self._usable.of(self._frame, imageset.get_detector(0), images)
        background = background_pixels(images, usable, strong)
        self._solvent = measure_solvent(self._rings, self._task.recipe, imageset, background)
        self._pictures = frame_pictures(self._rings, imageset, background, strong)
        self._progress(self._result())

    def _result(self) -> FrameResult:
        """What is known before indexing."""
        task = self._task
        return msgspec.structs.replace(
            blank_result(task, event_time(self._frame.clock, task), self._outcome),
            n_strong=self._n_strong,
            indexing_tried=task.index and self._n_strong >= task.recipe.min_spots_to_index,
            solvent_ratio=self._solvent.ratio,
            solvent_ratio_cctbx=self._solvent.ratio_cctbx,
            ring_low=self._solvent.ring_low,
            ring_high=self._solvent.ring_high,
            wavelength_angstrom=self._wavelength,
            timings_ms=TimingsMs(read=1000.0 * self._read_s),
        )

    @property
    def _wavelength(self) -> float:
        """As the recipe wants it."""
        beam = self._experiments[0].beam if self._experiments else self._frame.beam
        return float(beam.get_wavelength())

    def _collect(self, processor: Any, reason: str) -> FrameReply:
        task, indexed, integrated = self._task, processor.indexed, processor.integrated
        lattices = () if indexed is None else lattices_of(task, indexed, integrated)
        result = msgspec.structs.replace(
            self._result(),
            indexing_tried=processor.tried,
            lattices=lattices,
            reason=reason or self._why_not_tried(processor.tried),
            d_min_contiguous=best_d_min([lattice.d_min_contiguous for lattice in lattices]),
            d_min_cctbx=best_d_min([lattice.d_min_cctbx for lattice in lattices]),
            timings_ms=self._timings(processor.seconds),
        )
        return FrameReply(
            result=result,
            reflections=() if indexed is None
            else reflections_of(task, indexed, integrated, self._wavelength),
            part=part_of(task, self._frame, processor) if task.keep_parts else None,
            pictures=self._pictures,
        )  # fmt: skip

    def _why_not_tried(self, tried: bool) -> str:
        if tried or not self._task.index:
            return ""
        least = self._task.recipe.min_spots_to_index
        wrong = wrong_number(self._n_strong, least, self._most_spots)
        return wrong or "not indexed: the recipe does not try"

    def _timings(self, seconds: dict[str, float]) -> TimingsMs:
        known = {step: 1000.0 * value for step, value in seconds.items()}
        return TimingsMs(read=1000.0 * self._read_s, **known)


def wrong_number(n_strong: int, least: int, most: int | None) -> str:
    """Why indexing is not tried with so many spots; empty where it is."""
    if n_strong < least:
        return f"not indexed: {n_strong} strong spots, at least {least} are needed"
    if most is not None and n_strong > most:
        return f"not indexed: {n_strong} strong spots, at most {most} are wanted"
    return ""


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
