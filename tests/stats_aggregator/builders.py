"""Jobs, runs and a store in memory for tests of the aggregator."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from libs.messages import (
    Cutoffs,
    FrameNumber,
    FramesArrived,
    FrameSpan,
    FramesProcessed,
    JobChanged,
    JobId,
    JobState,
    Message,
    RatesUpdated,
    Recipe,
    RunEnded,
)
from libs.streams import Record
from services.stats_aggregator.core import Aggregation
from services.stats_aggregator.partition import Checkpoint, PartitionState
from services.stats_aggregator.store import Reach, restored
from tests.crystallography.rates.builders import JOB, RUN, START_US


def job(**fields: Any) -> JobChanged:
    """The job of the rates' tests: trial 1, group 1 of run 13."""
    defaults: dict[str, Any] = {
        "job": JOB,
        "attempt": 1,
        "state": JobState.ACTIVE,
        "run": RUN,
        "experiment": "common",
        "trial": 1,
        "run_group": 1,
        "recipe": Recipe(phil="", d_min_angstrom=2.0, cutoffs=Cutoffs()),
        "started_us": START_US,
        "changed_us": START_US,
    }
    return JobChanged(**(defaults | fields))


def arrived(count: int, sequence: int = 0) -> FramesArrived:
    """Frames of run 13 that became readable."""
    span = FrameSpan(
        file="/data/run13.h5",
        first_index=0,
        first_frame=FrameNumber(sequence * 1000),
        count=count,
        written_us=START_US,
    )
    return FramesArrived(run=RUN, sequence=sequence, spans=(span,), announced_us=START_US)


def ended(n_frames: int) -> RunEnded:
    """The end of run 13."""
    return RunEnded(run=RUN, n_frames=n_frames, reason="status file", announced_us=START_US)


class MemoryStore:
    """Keeps what a FakeSink got, the way compacted topics do."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.frames: list[Record] = []
        self.published: dict[JobId, RatesUpdated] = {}
        self.reach = Reach(acknowledged=0, end=1_000_000)

    def save(self, checkpoint: Checkpoint, *, with_manifest: bool = True) -> None:
        """What a process wrote before it died, with or without reaching the manifest."""
        for segment in checkpoint.segments:
            self.messages[segment.segment] = segment
        if with_manifest:
            self.messages[""] = checkpoint.manifest
            for name in checkpoint.obsolete:
                self.messages.pop(name, None)

    async def partitions(self, numbers: Iterable[int]) -> list[PartitionState]:
        return [restored(number, self.messages.values()) for number in numbers]

    async def rates(self) -> dict[JobId, RatesUpdated]:
        return dict(self.published)

    async def reaches(self) -> dict[int, Reach]:
        return {0: self.reach}

    async def frames_between(
        self, partition: int, start: int, end: int
    ) -> AsyncIterator[list[Record]]:
        yield [r for r in self.frames if r.partition == partition and start <= r.offset < end]


def rates_of(message: FramesProcessed) -> RatesUpdated:
    """The rates that the aggregator publishes after one message."""
    core = Aggregation()
    core.adopt(PartitionState(0))
    core.learn(job())
    core.take(0, 0, message)
    (rates,) = core.updates(START_US)
    return rates
