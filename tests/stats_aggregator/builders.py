"""Jobs, runs and a store in memory for tests of the aggregator."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from libs.messages import (
    AdviceCleared,
    AdviceRaised,
    CheckpointManifest,
    Cutoffs,
    FrameNumber,
    FramesArrived,
    FrameSpan,
    FramesProcessed,
    JobChanged,
    JobId,
    JobState,
    RatesUpdated,
    Recipe,
    RunEnded,
    RunId,
)
from libs.streams import Record
from services.stats_aggregator.core import Aggregation
from services.stats_aggregator.partition import Checkpoint, PartitionState, needed
from services.stats_aggregator.store import Reach
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


def facts_of(run: RunId, n_frames: int) -> tuple[FramesArrived, RunEnded]:
    """All frames of a run became readable, then it ended."""
    span = FrameSpan(
        file="f", first_index=0, first_frame=FrameNumber(0), count=n_frames, written_us=START_US
    )
    return (
        FramesArrived(run=run, sequence=0, spans=(span,), announced_us=START_US),
        RunEnded(run=run, n_frames=n_frames, reason="", announced_us=START_US),
    )


class MemoryStore:
    """Keeps what a process wrote, the way compacted topics do."""

    def __init__(self) -> None:
        self.manifest: CheckpointManifest | None = None
        self.stored: dict[str, bytes] = {}
        self.saved: list[Checkpoint] = []
        self.frames: list[Record] = []
        self.told: list[AdviceRaised | AdviceCleared] = []
        self.published: dict[JobId, RatesUpdated] = {}
        self.reach = Reach(acknowledged=0, end=1_000_000)

    async def save(self, checkpoint: Checkpoint) -> None:
        self.saved.append(checkpoint)
        self.manifest = checkpoint.manifest
        self.stored |= {segment.segment: segment.state for segment in checkpoint.segments}
        for name in checkpoint.obsolete:
            self.stored.pop(name, None)

    async def partitions(self, numbers: Iterable[int]) -> list[PartitionState]:
        return [self._state(number) for number in numbers]

    async def segments(self, number: int, names: Iterable[str]) -> dict[str, bytes]:
        return {name: self.stored[name] for name in names}

    async def release(self, number: int) -> None:
        pass

    def _state(self, number: int) -> PartitionState:
        if self.manifest is None:
            return PartitionState(number)
        read = {name: self.stored[name] for name in needed(self.manifest)}
        return PartitionState.restored(number, self.manifest, read, self.stored.keys())

    async def rates(self) -> dict[JobId, RatesUpdated]:
        return dict(self.published)

    async def reaches(self) -> dict[int, Reach]:
        return {0: self.reach}

    async def advice(self) -> list[AdviceRaised | AdviceCleared]:
        return list(self.told)

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
