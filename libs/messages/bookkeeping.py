"""Messages that services write for themselves: checkpoints and dead letters."""

from libs.messages.base import Message, Part
from libs.messages.identities import JobId, Lane
from libs.messages.jobs import Cutoffs


class CheckpointSegment(Message, frozen=True, kw_only=True):
    """A piece of a service's state; overwritten in place under its key."""

    service: str
    partition: int
    segment: str
    state: bytes


class Settled(Part, frozen=True, kw_only=True):
    """What the published rates of a job rest on, besides its frames."""

    attempt: int
    lane: Lane
    cutoffs: Cutoffs
    n_announced: int
    is_open: bool


class HeldColumns(Part, frozen=True, kw_only=True):
    """The segments 0 … n_segments - 1 of one job in one lane."""

    job: JobId
    lane: Lane
    n_segments: int
    settled: Settled | None = None
    """Of a job that left memory; it comes back when a frame comes or any of this changes."""


class CheckpointManifest(Message, frozen=True, kw_only=True):
    """Written after its segments: which they are, and the first offset that they do not hold."""

    service: str
    partition: int
    next_offset: int
    segments: tuple[str, ...]
    """Names of segments, where `held` does not tell them (it is shorter)."""
    written_us: int
    held: tuple[HeldColumns, ...] = ()


class MessageRejected(Message, frozen=True, kw_only=True):
    """A dead letter: the raw bytes, where they came from, and why they could not be used."""

    service: str
    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None
    rejected_us: int
