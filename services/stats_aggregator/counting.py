"""Records of `frames` into the aggregation, many at once; a bad one costs itself only.

Messages of the same job and lane are counted together, several times as fast as one by one. When
that fails they are counted one by one, so that only those that are bad become dead letters.
"""

from collections.abc import Awaitable, Callable, Sequence

from libs.messages import BadMessageError, FramesProcessed, JobId, Lane
from libs.messages.topics import FRAMES
from libs.service_kit.metrics import MESSAGES_TOTAL
from libs.streams import DeadLetters, Record, decode_record
from services.stats_aggregator.core import Aggregation
from services.stats_aggregator.metrics import observe_stages
from services.stats_aggregator.partition import SERVICE, PartitionState

LONGEST_JOB_ID = 500
"""Names of checkpoint segments contain it; a longer one could not be checkpointed."""
TOGETHER = 64

Taken = list[tuple[Record, FramesProcessed]]
Bad = list[tuple[Record, Exception]]


class Counting:
    """Takes records of one partition at a time, in their order."""

    def __init__(
        self,
        aggregation: Aggregation,
        dead_letters: DeadLetters,
        wake: Callable[[PartitionState, JobId], Awaitable[None]],
        now_us: Callable[[], int],
    ) -> None:
        self._aggregation, self._dead_letters = aggregation, dead_letters
        self._wake, self._now_us = wake, now_us

    async def count(self, records: Sequence[Record]) -> None:
        """Count consecutive records; only then do they count as seen."""
        for start in range(0, len(records), TOGETHER):
            await self._count(records[start : start + TOGETHER])

    async def _count(self, records: Sequence[Record]) -> None:
        state = self._aggregation.partitions.get(records[0].partition)
        if state is None:
            return  # it was taken away meanwhile; whoever has it now reads them again
        MESSAGES_TOTAL.labels(SERVICE, FRAMES.name, "in").inc(len(records))
        good, bad = self._decoded(records)
        jobs = {message.job for _, message in good}
        while asleep := jobs & state.asleep.keys():
            await self._wake(state, min(asleep))
        if self._aggregation.partitions.get(state.number) is not state:
            return
        for taken in _by_columns(good).values():
            bad += self._take(taken)
        for record, error in sorted(bad, key=lambda one: one[0].offset):
            await self._dead_letters.reject(record, error)
        state.skip(records[-1].offset)

    def _decoded(self, records: Sequence[Record]) -> tuple[Taken, Bad]:
        """What is new in these records, and what is wrong with the others."""
        good: Taken = []
        bad: Bad = []
        for record in records:
            try:
                message = _message(record)
            except Exception as error:  # noqa: BLE001 (message boundary)
                bad.append((record, error))
            else:
                if self._aggregation.wants(record.partition, record.offset, message):
                    good.append((record, message))
        return good, bad

    def _take(self, taken: Taken) -> Bad:
        try:
            self._count_together(taken)
        except Exception as error:  # noqa: BLE001 (message boundary: a bad one costs itself only)
            if len(taken) == 1:
                return [(taken[0][0], error)]
            return [bad for one in taken for bad in self._take([one])]
        return []

    def _count_together(self, taken: Taken) -> None:
        messages = [message for _, message in taken]
        changed = self._aggregation.count(taken[0][0].partition, messages)
        known = self._aggregation.knowledge.jobs.get(messages[0].job)
        if len(changed) and (known is None or known.recipe.lane is messages[0].lane):
            frames = [frame for message in messages for frame in message.frames]
            if len(changed) < len(frames):
                new = frozenset(changed.tolist())
                frames = list({f.frame: f for f in frames if f.frame in new}.values())
            observe_stages(frames, self._now_us(), messages[0].lane)


def _message(record: Record) -> FramesProcessed:
    message = decode_record(record)
    if not isinstance(message, FramesProcessed):
        raise BadMessageError(f"{type(message).__name__} does not belong on {FRAMES.name}")
    if len(message.job) > LONGEST_JOB_ID:
        raise BadMessageError(f"a job's name has at most {LONGEST_JOB_ID} characters")
    return message


def _by_columns(taken: Taken) -> dict[tuple[JobId, Lane], Taken]:
    groups: dict[tuple[JobId, Lane], Taken] = {}
    for record, message in taken:
        groups.setdefault((message.job, message.lane), []).append((record, message))
    return groups
