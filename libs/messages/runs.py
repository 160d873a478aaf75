"""Facts about runs: began, grew, ended. Images are referenced, never carried."""

from libs.messages.base import Message, Part
from libs.messages.identities import FrameNumber, RunId, TimestampSource


class FrameSpan(Part, frozen=True, kw_only=True):
    """Consecutive frames in one file: frame `first_frame + i` is image `first_index + i`."""

    file: str
    first_index: int
    first_frame: FrameNumber
    count: int
    written_us: int
    """When the newest of these frames was last written, as the file system tells it."""


class RunStarted(Message, frozen=True, kw_only=True):
    """A run was seen for the first time."""

    run: RunId
    experiment: str
    source: str
    number: str
    version: int
    path: str
    started_us: int
    started_source: TimestampSource
    announced_us: int
    period_us: int | None = None
    time_zone: str = "UTC"
    """Zone of frame stamps that carry none."""
    tags: tuple[str, ...] = ()


class FramesArrived(Message, frozen=True, kw_only=True):
    """Frames of a run became readable; `sequence` counts these messages within a run from 0."""

    run: RunId
    sequence: int
    spans: tuple[FrameSpan, ...]
    announced_us: int


class RunEnded(Message, frozen=True, kw_only=True):
    """No more frames will come, unless a late file does."""

    run: RunId
    n_frames: int
    reason: str
    announced_us: int
