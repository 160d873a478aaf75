"""Messages that services write for themselves: checkpoints and dead letters."""

from libs.messages.base import Message


class CheckpointSegment(Message, frozen=True, kw_only=True):
    """A piece of a service's state; overwritten in place under its key."""

    service: str
    partition: int
    segment: str
    state: bytes


class CheckpointManifest(Message, frozen=True, kw_only=True):
    """Written after its segments: which they are, and the first offset that they do not hold."""

    service: str
    partition: int
    next_offset: int
    segments: tuple[str, ...]
    written_us: int


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
