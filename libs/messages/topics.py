"""The one table of topics: name, messages, key, partitions, retention."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libs.messages.base import Message
from libs.messages.bookkeeping import CheckpointManifest, CheckpointSegment, MessageRejected
from libs.messages.frames import FramesProcessed, ReflectionsIntegrated
from libs.messages.identities import Lane
from libs.messages.jobs import FramesToProcess, JobChanged
from libs.messages.runs import FramesArrived, RunEnded, RunStarted
from libs.messages.statistics import AdviceCleared, AdviceRaised, MergingUpdated, RatesUpdated

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FOREVER_MS = -1
COMPACTED = 0


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic; `retention_ms` is FOREVER_MS, COMPACTED or a number of milliseconds."""

    name: str
    messages: tuple[type[Message], ...]
    key: Callable[[Any], str]
    partitions: int
    retention_ms: int
    max_message_bytes: int = 1_048_576

    @property
    def compacted(self) -> bool:
        """Whether only the newest message of a key is kept."""
        return self.retention_ms == COMPACTED


def _checkpoint_key(message: CheckpointSegment | CheckpointManifest) -> str:
    owner = f"{message.service}/{message.partition}"
    return f"{owner}/{message.segment}" if isinstance(message, CheckpointSegment) else owner


RUNS = Topic(
    name="stillstream.runs.v1",
    messages=(RunStarted, FramesArrived, RunEnded),
    key=lambda m: m.run,
    partitions=1,
    retention_ms=FOREVER_MS,
)
JOBS = Topic(
    name="stillstream.jobs.v1",
    messages=(JobChanged,),
    key=lambda m: m.job,
    partitions=1,
    retention_ms=COMPACTED,
)


def _work(name: str, days: int) -> Topic:
    """Chunks of frames to process; many partitions: this is the parallelism."""
    return Topic(
        name=f"stillstream.{name}.v1",
        messages=(FramesToProcess,),
        key=lambda m: f"{m.job}#{m.chunk}",
        partitions=24,
        retention_ms=days * DAY_MS,
    )


WORK_LIVE = _work("work-live", days=7)
WORK_LIVE_DIALS = _work("work-live-dials", days=7)
WORK_BATCH = _work("work-batch", days=30)
WORK_REFERENCE = _work("work-reference", days=30)
FRAMES = Topic(
    name="stillstream.frames.v1",
    messages=(FramesProcessed,),
    key=lambda m: m.job,
    partitions=8,
    retention_ms=30 * DAY_MS,
)
REFLECTIONS = Topic(
    name="stillstream.reflections.v1",
    messages=(ReflectionsIntegrated,),
    key=lambda m: m.job,
    partitions=8,
    retention_ms=7 * DAY_MS,
)
RATES = Topic(
    name="stillstream.rates.v1",
    messages=(RatesUpdated,),
    key=lambda m: m.job,
    partitions=1,
    retention_ms=COMPACTED,
)
ADVICE = Topic(
    name="stillstream.advice.v1",
    messages=(AdviceRaised, AdviceCleared),
    key=lambda m: m.job,
    partitions=1,
    retention_ms=30 * DAY_MS,
)
MERGING = Topic(
    name="stillstream.merging.v1",
    messages=(MergingUpdated,),
    key=lambda m: m.condition,
    partitions=1,
    retention_ms=COMPACTED,
)
CHECKPOINTS = Topic(
    name="stillstream.checkpoints.v1",
    messages=(CheckpointSegment, CheckpointManifest),
    key=_checkpoint_key,
    partitions=1,
    retention_ms=COMPACTED,
)
DEAD_LETTERS = Topic(
    name="stillstream.dead-letters.v1",
    messages=(MessageRejected,),
    key=lambda m: f"{m.topic}/{m.partition}",
    partitions=1,
    retention_ms=90 * DAY_MS,
    max_message_bytes=2_097_152,
)

TOPICS: tuple[Topic, ...] = (
    RUNS,
    JOBS,
    WORK_LIVE,
    WORK_LIVE_DIALS,
    WORK_BATCH,
    WORK_REFERENCE,
    FRAMES,
    REFLECTIONS,
    RATES,
    ADVICE,
    MERGING,
    CHECKPOINTS,
    DEAD_LETTERS,
)
BY_NAME = {topic.name: topic for topic in TOPICS}
_MORE_WORK = (WORK_LIVE_DIALS, WORK_BATCH, WORK_REFERENCE)
BY_MESSAGE = {m: topic for topic in TOPICS for m in topic.messages if topic not in _MORE_WORK}
"""Where a message goes that says nothing else: work is live."""


def live_work_of(lane: Lane) -> Topic:
    """Frames of 50 ms and frames of 5 s never stand in one queue."""
    return WORK_LIVE if lane is Lane.FAST else WORK_LIVE_DIALS
