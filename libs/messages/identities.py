"""Identities: what names a run, a job, a frame, a lane.

Pure values. `Unknown` values of an enumeration, written by newer software, decode as `OTHER`.
"""

from enum import Enum
from typing import NewType, Self

RunId = NewType("RunId", str)
"""`experiment/source/number/v<version>`: opaque to readers, unique for ever."""

JobId = NewType("JobId", str)
"""`<run>/t<trial>/g<run group>`: the processing of one run under one trial and one run group."""

FrameNumber = NewType("FrameNumber", int)
"""The file's own counter in acquisition order; gaps allowed, never renumbered."""


class WireEnum(str, Enum):
    """An enumeration on the wire; a value that this version does not know becomes `other`."""

    @classmethod
    def _missing_(cls, value: object) -> Self:
        del value
        return cls("other")


class Lane(WireEnum):
    """Which code produced a frame's result."""

    FAST = "fast"
    DIALS = "dials"
    EXTERNAL = "external"
    OTHER = "other"


class Outcome(WireEnum):
    """How the processing of one frame ended."""

    PROCESSED = "processed"
    SCREENED = "screened"
    UNREADABLE = "unreadable"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OTHER = "other"


class TimestampSource(WireEnum):
    """Where a frame's event time comes from."""

    FRAME = "frame"
    RUN_START_AND_PERIOD = "run_start_and_period"
    FILE_TIME = "file_time"
    OTHER = "other"


class JobState(WireEnum):
    """Whether results of a job still count."""

    ACTIVE = "active"
    STOPPED = "stopped"
    DELETED = "deleted"
    OTHER = "other"


COUNTED = frozenset({Outcome.PROCESSED, Outcome.SCREENED, Outcome.CRASHED, Outcome.TIMED_OUT})
"""Outcomes that count as processed frames in FIELD's denominators."""

SELECTED = frozenset({Outcome.PROCESSED, Outcome.CRASHED, Outcome.TIMED_OUT})
"""Outcomes of frames that were selected for indexing."""


def run_id(experiment: str, source: str, number: str, version: int) -> RunId:
    """The identity of a run; a run that was rewritten on disk is a new version."""
    return RunId(f"{experiment}/{source}/{number}/v{version}")


def job_id(run: RunId, trial: int, run_group: int) -> JobId:
    """The identity of the processing of one run under one trial and one run group."""
    return JobId(f"{run}/t{trial:03d}/g{run_group:03d}")
