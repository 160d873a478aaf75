"""External frames as results of a job: identity, event time, outcome."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from libs.external_results.external_frame import LARGEST, ExternalFrame
from libs.messages import (
    FrameNumber,
    FrameResult,
    FramesProcessed,
    JobChanged,
    Lane,
    Outcome,
    TimestampSource,
    best_d_min,
)

FRAMES_PER_BATCH = 100


@dataclass(frozen=True, kw_only=True)
class EventTimes:
    """When frames were taken, for those that do not say it themselves.

    With a period: run start + number × period. Without: `otherwise_us`, the time of the file.
    """

    started_us: int
    period_us: int | None
    otherwise_us: int

    def of(self, frame: ExternalFrame) -> tuple[int, TimestampSource]:
        """The event time of a frame (µs) and where it comes from."""
        if frame.ts_us is not None:
            return frame.ts_us, TimestampSource.FRAME
        if self.period_us is not None:
            at_us = self.started_us + frame.number * self.period_us
            if at_us <= LARGEST:
                return at_us, TimestampSource.RUN_START_AND_PERIOD
        return self.otherwise_us, TimestampSource.FILE_TIME


def batches_of(
    frames: Iterable[ExternalFrame],
    job: JobChanged,
    times: EventTimes,
    *,
    system: str,
    first_frame: int = 0,
    file: str = "",
) -> Iterator[FramesProcessed]:
    """The messages of these frames, in their order; `first_frame` is added to their numbers."""
    for name, same_file in groupby(frames, key=lambda frame: frame.file or file or system):
        results = [_result(frame, times, first_frame) for frame in same_file]
        for start in range(0, len(results), FRAMES_PER_BATCH):
            yield _batch(results[start : start + FRAMES_PER_BATCH], job, system, name)


def _batch(
    results: Sequence[FrameResult], job: JobChanged, system: str, file: str
) -> FramesProcessed:
    return FramesProcessed(
        job=job.job,
        attempt=job.attempt,
        run=job.run,
        lane=Lane.EXTERNAL,
        file=file,
        frames=tuple(results),
        recipe=job.recipe.hash,
        worker=f"external/{system}",
    )


def _result(frame: ExternalFrame, times: EventTimes, first_frame: int) -> FrameResult:
    ts_us, ts_source = times.of(frame)
    return FrameResult(
        frame=FrameNumber(frame.number + first_frame),
        index_in_file=frame.index_in_file,
        ts_us=ts_us,
        ts_source=ts_source,
        outcome=Outcome.PROCESSED if frame.selected else Outcome.SCREENED,
        n_strong=frame.n_strong,
        indexing_tried=frame.tried,
        wavelength_angstrom=frame.wavelength_angstrom,
        d_min_contiguous=best_d_min([lattice.d_min_contiguous for lattice in frame.lattices]),
        d_min_cctbx=best_d_min([lattice.d_min_cctbx for lattice in frame.lattices]),
        lattices=frame.lattices,
    )
