"""Which jobs take results of other systems, and how far each file was read for them. Pure."""

import re
from dataclasses import dataclass, field

import msgspec

from libs.messages import (
    CheckpointSegment,
    JobChanged,
    JobId,
    JobState,
    Lane,
    Message,
    RunId,
    RunStarted,
    TimestampSource,
    run_id,
)

SAFE_NUMBER = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
RunKey = tuple[str, str, str]
"""(experiment, source, number)."""


@dataclass(kw_only=True)
class Known:
    """Runs and jobs, as their topics tell them, in any order."""

    _runs: dict[RunKey, RunStarted] = field(default_factory=dict)
    _jobs: dict[JobId, JobChanged] = field(default_factory=dict)
    _by_run: dict[RunId, set[JobId]] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        """Remember; the newest version of a run and the newest attempt of a job count."""
        match message:
            case RunStarted():
                key = (message.experiment, message.source, message.number)
                known = self._runs.get(key)
                if known is None or message.version > known.version:
                    self._runs[key] = message
            case JobChanged():
                before = self._jobs.get(message.job)
                if before is None or message.attempt >= before.attempt:
                    self._jobs[message.job] = message
                    self._by_run.setdefault(message.run, set()).add(message.job)
            case _:
                return

    def forget(self, job: str) -> None:
        """The job is gone."""
        gone = self._jobs.pop(JobId(job), None)
        if gone is not None:
            self._by_run[gone.run].discard(gone.job)

    def run(self, key: RunKey) -> RunStarted | None:
        """The newest version of a run."""
        return self._runs.get(key)

    def jobs(self, run: RunId) -> list[JobChanged]:
        """The active jobs of a run that take results of other systems."""
        found = (self._jobs[job] for job in sorted(self._by_run.get(run, ())))
        return [
            job
            for job in found
            if job.state is JobState.ACTIVE and job.recipe.lane is Lane.EXTERNAL
        ]


def started(key: RunKey, *, path: str, started_us: int, period_us: int | None) -> RunStarted:
    """The announcement of a run that nobody else announces."""
    experiment, source, number = key
    return RunStarted(
        run=run_id(experiment, source, number, 1),
        experiment=experiment,
        source=source,
        number=number,
        version=1,
        path=path,
        started_us=started_us,
        started_source=TimestampSource.FILE_TIME,
        announced_us=started_us,
        period_us=period_us,
    )


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file was read for one attempt of one job."""

    attempt: int
    inode: int
    offset: int


class Positions:
    """Positions by file and job, as checkpoints of the service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._known: dict[str, Position] = {}

    def restore(self, segment: CheckpointSegment) -> None:
        """Take a checkpoint back; damaged ones count for nothing: the file is read again."""
        if segment.service == self._service:
            try:
                self._known[segment.segment] = msgspec.json.decode(segment.state, type=Position)
            except (msgspec.MsgspecError, ValueError):
                self._known.pop(segment.segment, None)

    def offset(self, file: str, job: JobChanged, *, inode: int, size: int) -> int:
        """Where to go on: at the beginning for a new attempt, or where the file was replaced."""
        at = self._known.get(_segment(file, job))
        fits = at is not None and (at.attempt, at.inode) == (job.attempt, inode)
        return at.offset if at is not None and fits and at.offset <= size else 0

    def moved(self, file: str, job: JobChanged, *, inode: int, offset: int) -> CheckpointSegment:
        """Everything before the offset is durable; gives the checkpoint to keep."""
        position = Position(attempt=job.attempt, inode=inode, offset=offset)
        self._known[_segment(file, job)] = position
        return CheckpointSegment(
            service=self._service,
            partition=0,
            segment=_segment(file, job),
            state=msgspec.json.encode(position),
        )


def _segment(file: str, job: JobChanged) -> str:
    return f"{job.job}#{file}"
