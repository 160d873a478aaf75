"""Messages to the rows of one transaction. Pure: no broker, database, clock or environment.

Rows are gathered by the job's name; of several results of one frame and lane only the one with the
largest precedence is kept, as the database would decide too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from libs.messages import (
    AdviceCleared,
    AdviceRaised,
    BadMessageError,
    FramesArrived,
    FramesProcessed,
    JobChanged,
    Message,
    RatesUpdated,
    RunEnded,
    RunStarted,
)
from services.database_sink import values as v
from services.database_sink.frame_rows import (
    FileValues,
    FrameKey,
    FrameRows,
    OriginValues,
    file_of,
    frame_rows,
    origin_of,
)
from services.database_sink.summary_rows import (
    AdviceValues,
    JobChangeValues,
    ProfileValues,
    advice_row,
    job_change_row,
    profile_row,
    rates_row,
)

JOB_NAME_LENGTH = 255


@dataclass(kw_only=True)
class JobRows:
    """What one transaction writes for one job."""

    frames: dict[FrameKey, FrameRows] = field(default_factory=dict)
    profiles: dict[tuple[int, str], ProfileValues] = field(default_factory=dict)
    changes: list[JobChangeValues] = field(default_factory=list)
    rates: list[tuple[Any, ...]] = field(default_factory=list)
    advice: list[AdviceValues] = field(default_factory=list)


@dataclass(kw_only=True)
class Rows:
    """What one transaction writes."""

    files: dict[int, FileValues] = field(default_factory=dict)
    origins: dict[int, OriginValues] = field(default_factory=dict)
    jobs: dict[str, JobRows] = field(default_factory=dict)
    runs: list[RunStarted] = field(default_factory=list)
    arrivals: list[FramesArrived] = field(default_factory=list)
    ends: list[RunEnded] = field(default_factory=list)

    def of(self, job: str) -> JobRows:
        """The rows of one job."""
        return self.jobs.setdefault(job, JobRows())


def rows_of(messages: Iterable[Message]) -> Rows:
    """The rows of these messages; raises BadMessageError for the first that has none."""
    rows = Rows()
    for message in messages:
        add(rows, message)
    return rows


def add(rows: Rows, message: Message) -> None:
    """Put a message's rows in; one that raises BadMessageError leaves nothing behind."""
    match message:
        case FramesProcessed():
            _add_frames(rows, message)
        case RunStarted():
            rows.runs.append(message)
        case FramesArrived():
            rows.arrivals.append(_checked_arrival(message))
        case RunEnded():
            v.integer(message.announced_us, "announced_us")
            v.integer(message.n_frames, "n_frames")
            rows.ends.append(message)
        case JobChanged():
            change = job_change_row(message)
            rows.of(_job(message.job)).changes.append(change)
        case RatesUpdated():
            rates = rates_row(message)
            rows.of(_job(message.job)).rates.append(rates)
        case AdviceRaised() | AdviceCleared():
            advice = advice_row(message)
            rows.of(_job(message.job)).advice.append(advice)
        case _:
            raise BadMessageError(f"the sink has no table for {type(message).__name__}")


def _add_frames(rows: Rows, batch: FramesProcessed) -> None:
    try:
        job, origin, profile = _job(batch.job), origin_of(batch), profile_row(batch)
        files = {path: file_of(path) for path in {batch.file_of(frame) for frame in batch.frames}}
        results = frame_rows(batch, origin.id, {path: file.id for path, file in files.items()})
    except BadMessageError:
        raise
    except (ValueError, OverflowError) as error:
        raise BadMessageError(f"a result of job {batch.job!r} cannot be stored: {error}") from error
    rows.origins[origin.id] = origin
    rows.files |= {file.id: file for file in files.values()}
    target = rows.of(job)
    for result in results:
        known = target.frames.get(result.frame.key)
        if known is None or result.frame.precedence > known.frame.precedence:
            target.frames[result.frame.key] = result
    if profile is not None:
        _keep_profile(target, profile)


def _keep_profile(target: JobRows, profile: ProfileValues) -> None:
    key = (profile.first_frame, profile.lane)
    known = target.profiles.get(key)
    if known is None or profile.precedence > known.precedence:
        target.profiles[key] = profile


def _job(name: str) -> str:
    return v.text(name, "job", JOB_NAME_LENGTH)


def _checked_arrival(arrival: FramesArrived) -> FramesArrived:
    v.count(sum(span.count for span in arrival.spans), "the number of frames")
    v.integer(arrival.sequence, "sequence")
    v.integer(arrival.announced_us, "announced_us")
    return arrival
