"""What to do with a chunk of work, and how its results are put together. Pure.

Decides from values alone: no broker, workers, clock or log.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np

from libs.crystallography.profiles import (
    DISTANCE_STEP_PER_ANGSTROM,
    TWO_THETA_STEP_DEG,
    mean_profile,
)
from libs.messages import (
    BadMessageError,
    FrameNumber,
    FrameResult,
    FramesProcessed,
    FramesToProcess,
    JobChanged,
    JobId,
    JobState,
    Lane,
    RadialProfile,
    SpotDistances,
    StagesUs,
    selected_for_indexing,
)

MAX_FRAMES_PER_CHUNK = 100_000
MAX_ATTEMPT = (1 << 16) - 1
MAX_FRAME = 1 << 62
COMPUTED = frozenset({Lane.FAST, Lane.DIALS})
"""Lanes of this service; results of other lanes come from elsewhere."""
SAFE = re.compile(r"[^A-Za-z0-9._-]")


class FramePictures(Protocol):
    """A frame's radial profile and spot distances, as raw float32 and uint32."""

    @property
    def radial_mean(self) -> bytes:
        """Mean intensity per bin of 2θ."""
        ...

    @property
    def spot_distances(self) -> bytes:
        """Counts per bin of distance."""
        ...


@dataclass(frozen=True, kw_only=True)
class FramePlace:
    """One frame of a chunk: where it lies, and whether it is indexed or only screened."""

    file: str
    index_in_file: int
    frame: FrameNumber
    written_us: int
    index: bool


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What all results of this process share."""

    worker: str
    versions: dict[str, str]


class JobStates:
    """What is known of jobs: which work still counts. Unknown jobs do."""

    def __init__(self) -> None:
        self._known: dict[JobId, tuple[int, JobState]] = {}

    def apply(self, change: JobChanged) -> None:
        """Take in a change; older attempts never bring a job back."""
        attempt, _ = self._known.get(change.job, (-1, JobState.ACTIVE))
        if change.attempt >= attempt:
            self._known[change.job] = (change.attempt, change.state)

    def forget(self, job: str) -> None:
        """A tombstone: the job is gone, with its results."""
        self._known[JobId(job)] = (MAX_ATTEMPT, JobState.DELETED)

    def wants(self, chunk: FramesToProcess) -> bool:
        """Whether results of this chunk would still count."""
        attempt, state = self._known.get(chunk.job, (chunk.attempt, JobState.ACTIVE))
        return state is JobState.ACTIVE and chunk.attempt >= attempt


def check_chunk(chunk: FramesToProcess) -> None:
    """Raise BadMessageError for work that nobody can do: what is wrong with it."""
    problem = next(iter(_problems(chunk)), None)
    if problem is not None:
        raise BadMessageError(f"chunk {chunk.chunk} of {chunk.job}: {problem}")


def places(chunk: FramesToProcess) -> Iterator[FramePlace]:
    """The frames of a chunk in order."""
    for span in chunk.spans:
        for i in range(span.count):
            frame = FrameNumber(span.first_frame + i)
            yield FramePlace(
                file=span.file,
                index_in_file=span.first_index + i,
                frame=frame,
                written_us=span.written_us,
                index=selected_for_indexing(chunk.run, frame, chunk.index_fraction),
            )


def with_stages(
    result: FrameResult, chunk: FramesToProcess, place: FramePlace, taken_us: int, done_us: int
) -> FrameResult:
    """The result with the time stamps of its way; the batch's file is left out."""
    same_file = result.file == chunk.spans[0].file
    return msgspec.structs.replace(
        result,
        file=None if same_file else result.file,
        stages_us=StagesUs(
            written=place.written_us or None,
            announced=chunk.announced_us,
            dispatched=chunk.dispatched_us,
            taken=taken_us,
            done=done_us,
        ),
    )


def batch_of(
    chunk: FramesToProcess,
    results: Sequence[FrameResult],
    origin: Origin,
    pictures: Sequence[FramePictures] = (),
) -> FramesProcessed:
    """The message of some results of one chunk, in frame order."""
    return FramesProcessed(
        job=chunk.job,
        attempt=chunk.attempt,
        run=chunk.run,
        lane=chunk.recipe.lane,
        file=chunk.spans[0].file,
        frames=tuple(sorted(results, key=lambda result: result.frame)),
        recipe=chunk.recipe.hash,
        worker=origin.worker,
        versions=origin.versions,
        index_fraction=chunk.index_fraction,
        radial_profile=_radial_profile(pictures),
        spot_distances=_spot_distances(pictures),
    )


def _radial_profile(pictures: Sequence[FramePictures]) -> RadialProfile | None:
    if not pictures:
        return None
    mean = mean_profile([np.frombuffer(p.radial_mean, "<f4") for p in pictures])
    return RadialProfile(
        two_theta_step_deg=TWO_THETA_STEP_DEG, mean=mean.tobytes(), n_frames=len(pictures)
    )


def _spot_distances(pictures: Sequence[FramePictures]) -> SpotDistances | None:
    if not pictures:
        return None
    counts = sum(np.frombuffer(p.spot_distances, "<u4").astype(np.uint32) for p in pictures)
    return SpotDistances(
        step_per_angstrom=DISTANCE_STEP_PER_ANGSTROM,
        counts=np.asarray(counts, "<u4").tobytes(),
        n_frames=len(pictures),
    )


def archive_place(chunk: FramesToProcess) -> tuple[str, str]:
    """Folder (relative) and name of a chunk's files: the same for every delivery."""
    parts = [SAFE.sub("_", part).lstrip(".") or "_" for part in chunk.job.split("/")]
    return "/".join(parts), f"chunk_{chunk.chunk:06d}_attempt_{chunk.attempt}"


def _problems(chunk: FramesToProcess) -> Iterator[str]:
    if not chunk.spans:
        yield "it has no frames"
    for span in chunk.spans:
        if span.count < 1 or span.first_index < 0 or not 0 <= span.first_frame < MAX_FRAME:
            yield f"impossible frames {span.first_frame} + {span.count} at {span.first_index}"
        if not span.file or "\0" in span.file:
            yield "a span names no file"
    n_frames = sum(span.count for span in chunk.spans)
    if n_frames > MAX_FRAMES_PER_CHUNK:
        yield f"{n_frames} frames, at most {MAX_FRAMES_PER_CHUNK} are taken at once"
    if not 0 <= chunk.attempt <= MAX_ATTEMPT or chunk.chunk < 0:
        yield f"impossible attempt {chunk.attempt} or chunk number"
    if not 0.0 <= chunk.index_fraction <= 1.0:
        yield f"index_fraction {chunk.index_fraction} is outside 0 … 1"
    yield from _recipe_problems(chunk)
    if not _is_zone(chunk.time_zone):
        yield f"unknown time zone {chunk.time_zone!r}"


def _recipe_problems(chunk: FramesToProcess) -> Iterator[str]:
    recipe = chunk.recipe
    if recipe.lane not in COMPUTED:
        yield f"lane {recipe.lane.value} is not computed here"
    if not 0.1 <= recipe.d_min_angstrom <= 100.0:
        yield f"d_min {recipe.d_min_angstrom} Å is outside 0.1 … 100 Å"
    if not (recipe.timeout_cpu_s > 0.0 and recipe.timeout_wall_s > 0.0):
        yield "time limits must be above 0"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
