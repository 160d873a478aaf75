"""The `fast` lane: the steps of the `dials` lane for a known cell, in arrays, on dxtbx's models.

The same interface, results and reasons as `dials_lane.DialsLane`; about forty times as fast. A
recipe with a setting that it cannot honour is refused with the names (`unhonoured_settings` tells
beforehand).
"""

import dataclasses
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from libs.crystallography.fast.lattices import IndexedLattice, find_lattices
from libs.crystallography.fast.settings import SpotSettings
from libs.crystallography.fast.spots import (
    Spots,
    StrongPixels,
    TooManyStrongPixelsError,
    find_spots_flat,
    spots_of_strong,
)
from libs.diffraction.debian_gaps import prepare
from libs.diffraction.dials_lane import (
    Progress,
    blank_result,
    ignore_progress,
    not_prepared,
    unreadable,
    wrong_number,
)
from libs.diffraction.dials_threshold import strong_by_dials
from libs.diffraction.errors import DiffractionError, UnreadableFrameError
from libs.diffraction.event_time import event_time
from libs.diffraction.fast_archive import Lattices, fast_part
from libs.diffraction.fast_geometry import FrameGeometry, GeometryCache
from libs.diffraction.fast_lattices import (
    IntegratedLattice,
    NotIntegratedError,
    integrate_lattice,
    lattice_message,
    near_predictions,
    reflections_message,
)
from libs.diffraction.fast_pictures import EVERY, fast_pictures
from libs.diffraction.fast_recipe import FastRecipe, load_fast_recipe, smallest_spot
from libs.diffraction.fast_solvent import measure_solvent_fast
from libs.diffraction.frame_pixels import PixelBuffer, Pixels
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.loaded_recipe import KEPT_RECIPES, LoadedRecipes
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.quiet import quiet
from libs.diffraction.raw_frame import RawFrame
from libs.diffraction.solvent import SolventNumbers
from libs.diffraction.tasks import FrameReply, FrameTask
from libs.messages import FrameResult, Outcome, Recipe, TimingsMs, best_d_min

Clock = Callable[[], float]
"""Seconds that pass, of the wall or of this process."""


class FastLane:
    """Processes frames; keeps recipes, geometry, masks, buffers and open files between them."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        prepare()
        with quiet():
            import dials.command_line.stills_process  # noqa: F401 - imported once, before a fork
        self._scratch = tempfile.TemporaryDirectory(prefix="stillstream-")
        self.reader = FrameReader()
        self._recipes = LoadedRecipes(Path(self._scratch.name))
        self._fast: OrderedDict[str, FastRecipe] = OrderedDict()
        self._geometry = GeometryCache()
        self._buffer = PixelBuffer()
        self._clock = clock

    def process(self, task: FrameTask, progress: Progress = ignore_progress) -> FrameReply:
        """One frame's reply; raises RecipeError.

        `progress` hears what is known so far, before indexing.
        """
        with quiet():
            fast = self.recipe(task.recipe)
            started = self._clock()
            try:
                frame = self.reader.read(task.file, task.index_in_file)
                read_s = self._clock() - started
                return self.process_frame(task, frame, fast, progress, read_s)
            except UnreadableFrameError as error:
                return FrameReply(result=unreadable(task, str(error)))

    def recipe(self, recipe: Recipe) -> FastRecipe:
        """The recipe's settings, loaded once; raises RecipeError."""
        key = recipe.hash
        if key not in self._fast:
            loaded = self._recipes.get(recipe)
            self._fast[key] = load_fast_recipe(recipe, loaded.params)
            while len(self._fast) > KEPT_RECIPES:
                self._fast.popitem(last=False)
        self._fast.move_to_end(key)
        return self._fast[key]

    def process_frame(
        self,
        task: FrameTask,
        frame: RawFrame,
        fast: FastRecipe,
        progress: Progress = ignore_progress,
        read_s: float = 0.0,
    ) -> FrameReply:
        """The same for a frame that is in memory; raises UnreadableFrameError."""
        try:
            geometry = self.geometry_of(task, frame)
        except DiffractionError:
            raise
        except Exception as error:  # noqa: BLE001 - DIALS raises anything of masks and models
            return FrameReply(result=not_prepared(task, frame, error))
        pixels = self._buffer.fill(frame, geometry.layout)
        run = _FrameRun(task, frame, pixels, fast, geometry, read_s, self._clock)
        reply = run.through(smallest_spot(fast, frame.detector), progress)
        spots, wants_pictures = run.spots, task.frame % EVERY == EVERY - 1
        if spots is None or not (wants_pictures or task.keep_parts):
            return reply
        models, pictures, part = self._models(task, frame), None, None
        if wants_pictures:
            pictures = fast_pictures(pixels, spots, geometry, self._geometry.ring_cache, *models)
        if task.keep_parts:
            part = fast_part(task, frame, models, spots, run.lattices, fast.space_group)
        return msgspec.structs.replace(reply, pictures=pictures, part=part)

    def geometry_of(self, task: FrameTask, frame: RawFrame) -> FrameGeometry:
        """What is prepared for this frame; raises RecipeError."""
        beam, detector = self._models(task, frame)
        return self._geometry.get(frame, beam, detector, self.recipe(task.recipe), task.recipe)

    def close(self) -> None:
        """Let files go."""
        self.reader.close()
        self._scratch.cleanup()

    def _models(self, task: FrameTask, frame: RawFrame) -> tuple[Any, Any]:
        """Beam and detector, as the recipe wants them."""
        updates = self._recipes.get(task.recipe).geometry
        if not updates.active:
            return frame.beam, frame.detector
        experiments = experiments_of(frame, "")
        updates.apply(experiments)
        return experiments[0].beam, experiments[0].detector


class _FrameRun:
    """One frame on its way."""

    def __init__(
        self,
        task: FrameTask,
        frame: RawFrame,
        pixels: Pixels,
        fast: FastRecipe,
        geometry: FrameGeometry,
        read_s: float,
        clock: Clock,
    ) -> None:
        self._task, self._frame, self._fast, self._geometry = task, frame, fast, geometry
        self._raw = pixels
        correction = geometry.correction
        self._pixels = pixels if correction is None else correction.apply(pixels, geometry.layout)
        self._seconds, self._clock = {"read": read_s}, clock
        self._solvent = SolventNumbers()
        self._n_strong = 0
        self._tried = False
        self.spots: Spots | None = None
        self.lattices: Lattices = ()

    def through(self, min_spot_size: int, progress: Progress) -> FrameReply:
        """Spots, solvent, lattices, reflections."""
        if self._geometry.refusal:
            return FrameReply(result=self._result(reason=f"preparation: {self._geometry.refusal}"))
        try:
            spots, pixels = self._find(min_spot_size)
        except TooManyStrongPixelsError as error:
            return FrameReply(result=self._result(reason=f"spotfinding: {error}"))
        reason = self._why_not_tried()
        self._tried = self._task.index and not reason
        progress(self._result(reason=reason))
        if not self._tried:
            return FrameReply(result=self._result(reason=reason))
        lattices, why = self._index(spots)
        if not lattices:
            return FrameReply(result=self._result(reason=f"not indexed: {why}"))
        return self._integrate(lattices, spots, pixels)

    def _find(self, min_spot_size: int) -> tuple[Spots, StrongPixels]:
        started = self._clock()
        settings: SpotSettings = dataclasses.replace(
            self._fast.settings.spots, min_spot_size=min_spot_size
        )
        geometry = self._geometry
        where = geometry.layout, geometry.trusted_corrected
        if geometry.correction is None:
            spots, pixels = find_spots_flat(
                self._pixels, geometry.spot_mask, *where, settings, geometry.strong
            )
        else:
            strong = strong_by_dials(self._pixels, geometry.spot_mask, *where, self._fast.params)
            spots, pixels = spots_of_strong(self._pixels, geometry.layout, *strong, settings)
        self.spots, self._n_strong = spots, len(spots)
        self._seconds["find"] = self._clock() - started
        self._solvent = measure_solvent_fast(
            self._raw, geometry.rings, geometry.layout, geometry.trusted, spots
        )
        return spots, pixels

    def _why_not_tried(self) -> str:
        if not self._task.index:
            return ""
        fast = self._fast
        wrong = wrong_number(self._n_strong, fast.min_spots_to_index, fast.max_spots_to_index)
        return wrong or ("" if fast.try_index else "not indexed: the recipe does not try")

    def _index(self, spots: Spots) -> tuple[list[IndexedLattice], str]:
        started = self._clock()
        found, why = find_lattices(
            spots, self._geometry.detector, self._fast.crystal, self._fast.settings
        )
        kept, too_far = near_predictions(
            found, spots, self._geometry.detector, self._fast.max_rmsd_px
        )
        self._seconds["index"] = self._clock() - started
        return kept, too_far or why

    def _integrate(
        self, lattices: list[IndexedLattice], spots: Spots, pixels: StrongPixels
    ) -> FrameReply:
        started = self._clock()
        done: list[IntegratedLattice | None] = []
        reason = ""
        for lattice in lattices:
            try:
                done.append(self._one(lattice, spots, pixels))
            except NotIntegratedError as error:
                done.append(None)
                reason = str(error)
        self._seconds["integrate"] = self._clock() - started
        self.lattices = tuple(zip(lattices, done, strict=True))
        return self._reply(lattices, done, reason)

    def _one(
        self, lattice: IndexedLattice, spots: Spots, pixels: StrongPixels
    ) -> IntegratedLattice | None:
        if not self._fast.try_integrate:
            return None
        return integrate_lattice(lattice, self._pixels, spots, pixels, self._geometry, self._fast)

    def _reply(
        self,
        lattices: list[IndexedLattice],
        done: list[IntegratedLattice | None],
        reason: str,
    ) -> FrameReply:
        task = self._task
        symbol = str(self._fast.space_group.type().lookup_symbol())
        wavelength = self._geometry.wavelength_angstrom
        parts = tuple(
            lattice_message(task, lattice, sums, symbol)
            for lattice, sums in zip(lattices, done, strict=True)
        )
        reflections = tuple(
            reflections_message(task, number, sums, symbol, wavelength)
            for number, sums in enumerate(done)
            if sums is not None and sums.usable.any()
        )
        result = msgspec.structs.replace(
            self._result(reason=reason),
            lattices=parts,
            d_min_contiguous=best_d_min([part.d_min_contiguous for part in parts]),
            d_min_cctbx=best_d_min([part.d_min_cctbx for part in parts]),
        )
        return FrameReply(result=result, reflections=reflections)

    def _result(self, reason: str = "") -> FrameResult:
        task = self._task
        outcome = Outcome.PROCESSED if task.index else Outcome.SCREENED
        return msgspec.structs.replace(
            blank_result(task, event_time(self._frame.clock, task), outcome, reason),
            n_strong=self._n_strong,
            indexing_tried=self._tried,
            solvent_ratio=self._solvent.ratio,
            solvent_ratio_cctbx=self._solvent.ratio_cctbx,
            ring_low=self._solvent.ring_low,
            ring_high=self._solvent.ring_high,
            wavelength_angstrom=self._geometry.wavelength_angstrom,
            timings_ms=TimingsMs(**{k: 1000.0 * v for k, v in self._seconds.items()}),
        )
