"""The aggregator without Faust: takes records, publishes what changed, makes checkpoints durable.

A checkpoint is durable as a whole, then come acknowledgements; nothing is acknowledged that it does
not hold, so a process that dies at any moment repeats work and loses none.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from libs.messages import (
    AdviceCleared,
    AdviceRaised,
    BadMessageError,
    JobId,
    RatesUpdated,
)
from libs.messages.topics import ADVICE, RATES
from libs.messages.units import US_PER_SECOND
from libs.service_kit.metrics import EVENT_AGE_SECONDS, HEALTHY, MESSAGES_TOTAL
from libs.streams import DeadLetters, Record, Sink, decode_record
from services.stats_aggregator.core import Aggregation
from services.stats_aggregator.counting import Counting
from services.stats_aggregator.metrics import JOBS_CONDENSED, show_advice, show_current
from services.stats_aggregator.partition import SERVICE, Checkpoint, PartitionState
from services.stats_aggregator.store import Reach

LOG = structlog.get_logger(__name__)
CONDENSE_AFTER_US = 120 * US_PER_SECOND


class Store(Protocol):
    """What this service wrote earlier, and its checkpoints."""

    async def partitions(self, numbers: Iterable[int]) -> list[PartitionState]:
        """Take partitions over; gives their states as their last checkpoints have them."""
        ...

    async def save(self, checkpoint: Checkpoint) -> None:
        """Make a checkpoint durable, all of it or nothing; raises where we were superseded."""
        ...

    async def segments(self, number: int, names: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of segments of a partition that was taken over."""
        ...

    async def release(self, number: int) -> None:
        """The partition is counted elsewhere from now on."""
        ...

    async def rates(self) -> dict[JobId, RatesUpdated]:
        """The newest rates of every job."""
        ...

    async def advice(self) -> list[AdviceRaised | AdviceCleared]:
        """Everything that was ever told, in order."""
        ...

    async def reaches(self) -> dict[int, Reach]:
        """How far each partition of `frames` is acknowledged, and how far it goes."""
        ...

    def frames_between(self, partition: int, start: int, end: int) -> AsyncIterator[list[Record]]:
        """Records of `frames` with start ≤ offset < end that are still kept, some at a time."""
        ...


class Aggregator:
    """One process's share of the counting."""

    def __init__(
        self,
        *,
        sink: Sink,
        store: Store,
        now_us: Callable[[], int],
        condense_after_us: int = CONDENSE_AFTER_US,
    ) -> None:
        self._sink, self._store, self._now_us = sink, store, now_us
        self._condense_after_us = condense_after_us
        self._dead_letters = DeadLetters(SERVICE, sink)
        self._adopting, self._saving, self._waking = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._shown: RatesUpdated | None = None
        self.aggregation = Aggregation()
        self._counting = Counting(self.aggregation, self._dead_letters, self._wake, now_us)

    async def learn(self, records: Iterable[Record]) -> None:
        """Take records of the topics `runs` and `jobs`."""
        for record in records:
            if record.value is None:
                continue
            try:
                self.aggregation.learn(decode_record(record))
            except BadMessageError as error:
                await self._dead_letters.reject(record, error)

    async def hold(self, partitions: frozenset[int]) -> None:
        """Count exactly these partitions: adopt what is new, drop what others count now."""
        async with self._adopting:
            held = frozenset(self.aggregation.partitions)
            for number in held - partitions:
                self.aggregation.drop(number)
                await self._store.release(number)
            await self._adopt(partitions - held)

    async def adopt(self, partitions: frozenset[int]) -> None:
        """Count these too."""
        async with self._adopting:
            await self._adopt(partitions - frozenset(self.aggregation.partitions))

    def drop_all(self) -> None:
        """Partitions are being dealt anew: what we keep is read again from the checkpoint."""
        for number in tuple(self.aggregation.partitions):
            self.aggregation.drop(number)

    async def count(self, *records: Record) -> None:
        """Take records of `frames`; a bad one becomes a dead letter and counts as seen."""
        for stretch in _stretches(records):
            await self._count(stretch)

    async def publish(self, as_of_us: int | None = None) -> None:
        """Publish the rates of jobs that changed; tombstones for those that were deleted.

        `as_of_us`: when it was last certain that no other process counts what is ours (now by
        default). Revisions are made of it, so that what a process sends that was paused since then
        stands below what its successor has published.
        """
        as_of_us = self._now_us() if as_of_us is None else as_of_us
        await self._wake_restless()
        for job in self.aggregation.deletions():
            await self._sink.tombstone(RATES, job)
        updates = self.aggregation.updates(as_of_us)
        advice = self.aggregation.advice(as_of_us)
        await self._sink.publish([*updates, *advice])
        MESSAGES_TOTAL.labels(SERVICE, ADVICE.name, "out").inc(len(advice))
        MESSAGES_TOTAL.labels(SERVICE, RATES.name, "out").inc(len(updates))
        self._show()
        if not self._saving.locked():
            gone = self.aggregation.put_to_sleep(self._condense_after_us, self._now_us())
            JOBS_CONDENSED.inc(len(gone))

    async def checkpoint(self, *, prove: bool = False) -> dict[int, int]:
        """Make everything counted so far durable; gives the next offset of each partition.

        Also of partitions in which nothing changed: records that a killed process counted and did
        not acknowledge come again, lie below the checkpoint, and want to be acknowledged.
        `prove`: write even where nothing changed, which fails when others count by now.
        """
        async with self._saving:
            states = tuple(self.aggregation.partitions.values())
            for state in states:
                if prove or not state.is_saved:
                    await self._store.save(state.checkpoint(self._now_us()))
            return {state.number: state.saved_offset for state in states}

    async def _wake_restless(self) -> None:
        for number, jobs in self.aggregation.restless().items():
            for job in jobs:
                state = self.aggregation.partitions.get(number)
                if state is not None:
                    await self._wake(state, job)

    async def _wake(self, state: PartitionState, job: JobId) -> None:
        """Bring a job back from the checkpoint."""
        async with self._waking:
            if job not in state.asleep:
                return
            segments = await self._store.segments(state.number, state.wanted(job))
            if job in state.asleep:
                self.aggregation.wake(state, job, segments)
                LOG.info("job_reloaded", job=job, segments=len(segments))

    async def _adopt(self, numbers: Iterable[int]) -> None:
        wanted = sorted(numbers)
        if not wanted:
            return
        states = await self._store.partitions(wanted)
        self.aggregation.remember_published((await self._store.rates()).values())
        self.aggregation.advising.remember(await self._store.advice())
        reaches = await self._store.reaches()
        for state in states:
            await self._adopt_one(state, reaches[state.number])
        LOG.info("partitions_adopted", next_offsets={s.number: s.next_offset for s in states})

    async def _adopt_one(self, state: PartitionState, reach: Reach) -> None:
        if state.next_offset > reach.end:
            LOG.warning("topic_was_made_anew", partition=state.number, next=state.next_offset)
            state.begin_anew()
        self.aggregation.adopt(state)
        if state.next_offset < reach.acknowledged <= reach.end:
            await self._fill_gap(state.number, state.next_offset, reach.acknowledged)

    async def _fill_gap(self, partition: int, start: int, end: int) -> None:
        """The group's offset went past our checkpoint (it was lost): read what lies between."""
        LOG.warning("acknowledged_beyond_checkpoint", partition=partition, start=start, end=end)
        async for records in self._store.frames_between(partition, start, end):
            await self._counting.count(records)

    async def _count(self, records: Sequence[Record]) -> None:
        number, first = records[0].partition, records[0].offset
        if number not in self.aggregation.partitions:
            await self.adopt(frozenset({number}))
        expected = self.aggregation.partitions[number].next_offset
        if first > expected:
            await self._fill_gap(number, expected, first)
        await self._counting.count(records)

    def _show(self) -> None:
        HEALTHY.labels(SERVICE).set(1)
        current = self.aggregation.current()
        if current is None:
            return
        if current is not self._shown:
            show_current(current)
            self._shown = current
        show_advice(self.aggregation.advising.active(current.job))
        if current.newest_ts_us is not None:
            age_us = self._now_us() - current.newest_ts_us
            EVENT_AGE_SECONDS.labels(SERVICE).set(age_us / US_PER_SECOND)


def _stretches(records: Sequence[Record]) -> Iterable[list[Record]]:
    """Records of one partition with consecutive offsets, in the order of their firsts."""
    open_: dict[int, list[Record]] = {}
    done = []
    for record in records:
        stretch = open_.get(record.partition)
        if stretch is not None and record.offset == stretch[-1].offset + 1:
            stretch.append(record)
        else:
            open_[record.partition] = [record]
            done.append(open_[record.partition])
    return done
