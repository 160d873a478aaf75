"""The loop: follow jobs, take work while there is room, commit what is durable.

An offset is committed only after all results of its chunk are durable, in order per partition, so
a crash at any moment repeats work and loses none. Frames are processed elsewhere: this loop waits.
The reference sample has a topic and workers of its own, so that no other frame waits for it.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import cast

import structlog

from libs.diffraction import RecipeError
from libs.messages import BadMessageError, FramesToProcess, JobChanged
from libs.messages.topics import WORK_BATCH, WORK_LIVE, WORK_REFERENCE, Topic
from libs.service_kit.metrics import MESSAGES_TOTAL, show_lag
from libs.streams import DeadLetters, Record, Source, TopicPartition, decode_record
from services.frame_processor.chunk_work import ChunkWork, Workshop
from services.frame_processor.core import JobStates, check_chunk
from services.frame_processor.ledger import OffsetLedger
from services.frame_processor.metrics import (
    CHUNKS_SKIPPED_TOTAL,
    FRAMES_WAITING,
    NAME,
    REFERENCE_WAITING,
)

LOG = structlog.get_logger(__name__)
FRAMES_AHEAD_PER_WORKER = 2
IDLE_S, BUSY_S = 0.3, 0.05
LAG_EVERY_S = 2.0
RecordId = tuple[str, int, int]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Where work and news of jobs come from."""

    live: Source
    batch: Source
    jobs: Source
    reference: Source

    def of_work(self) -> tuple[tuple[Topic, Source], ...]:
        """The topics of work with their sources."""
        return (
            (WORK_LIVE, self.live),
            (WORK_BATCH, self.batch),
            (WORK_REFERENCE, self.reference),
        )


class FrameProcessor:
    """Takes chunks, keeps the workers busy, publishes, commits."""

    def __init__(
        self,
        inputs: Inputs,
        workshop: Workshop,
        dead_letters: DeadLetters,
        *,
        reference: Workshop,
    ) -> None:
        """`reference`: workers of their own for the reference sample, which nothing waits for."""
        self._inputs, self._dead_letters = inputs, dead_letters
        self._workshop, self._reference = workshop, reference
        self._jobs = JobStates()
        self._ledger = OffsetLedger()
        self._running: dict[RecordId, tuple[ChunkWork, asyncio.Task[None]]] = {}
        self._records: dict[RecordId, Record] = {}
        self._lag_shown = 0.0

    async def step(self) -> None:
        """One turn."""
        await self._follow_jobs()
        FRAMES_WAITING.set(self._waiting(self._workshop))
        if self._has_room(self._workshop):
            await self._take_work()
        if self._has_room(self._reference):
            await self._take_reference()
        await self._settle()
        await self._commit()
        await self._show_lag()

    async def learn_jobs(self, records: list[Record]) -> None:
        """News of jobs, read before the first work is taken."""
        for record in records:
            await self._learn(record)

    async def partitions_assigned(self, topic: str, kept: frozenset[TopicPartition]) -> None:
        """After a rebalance: give up the work of partitions that others have now."""
        for record_id in self._ledger.keep_only(topic, kept):
            work = self._running.pop(record_id, None)
            self._records.pop(record_id, None)
            if work is not None:
                work[1].cancel()
                LOG.info("chunk_given_up", topic=topic, partition=record_id[1], offset=record_id[2])

    async def close(self) -> None:
        """Give up what is in flight: it was not committed and will be done again."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow_jobs(self) -> None:
        await self.learn_jobs(await self._inputs.jobs.poll(timeout_s=0.0))

    async def _learn(self, record: Record) -> None:
        if record.value is None:
            self._jobs.forget((record.key or b"").decode(errors="replace"))
            return
        try:
            self._jobs.apply(cast("JobChanged", decode_record(record)))
        except BadMessageError as error:
            await self._dead_letters.reject(record, error)

    def _waiting(self, workshop: Workshop) -> int:
        works = (work for work, _ in self._running.values())
        return sum(work.waiting for work in works if work.workshop is workshop)

    def _has_room(self, workshop: Workshop) -> bool:
        return self._waiting(workshop) < FRAMES_AHEAD_PER_WORKER * workshop.frames.size

    async def _take_work(self) -> None:
        """One chunk: live work first, the rest only when no live work waits."""
        wait_s = BUSY_S if self._running else IDLE_S
        records = await self._inputs.live.poll(max_records=1, timeout_s=wait_s)
        records = records or await self._inputs.batch.poll(max_records=1, timeout_s=0.0)
        for record in records:
            await self._take(record, self._workshop)

    async def _take_reference(self) -> None:
        for record in await self._inputs.reference.poll(max_records=1, timeout_s=0.0):
            await self._take(record, self._reference)

    async def _take(self, record: Record, workshop: Workshop) -> None:
        if not self._ledger.take(record.topic_partition, record.offset):
            return
        MESSAGES_TOTAL.labels(NAME, record.topic, "in").inc()
        try:
            chunk = cast("FramesToProcess", decode_record(record))
            check_chunk(chunk)
        except BadMessageError as error:
            await self._refuse(record, error)
            return
        if not self._jobs.wants(chunk):
            CHUNKS_SKIPPED_TOTAL.inc()
            LOG.info("chunk_skipped", job=chunk.job, attempt=chunk.attempt, chunk=chunk.chunk)
            self._ledger.done(record.topic_partition, record.offset)
            return
        self._start(record, chunk, workshop)

    def _start(self, record: Record, chunk: FramesToProcess, workshop: Workshop) -> None:
        work = ChunkWork(
            chunk=chunk,
            taken_us=time.time_ns() // 1000,
            workshop=workshop,
            wanted=lambda: self._jobs.wants(chunk),
        )
        record_id = (*record.topic_partition, record.offset)
        self._records[record_id] = record
        self._running[record_id] = (work, asyncio.create_task(work.run()))

    async def _settle(self) -> None:
        """Wait a little for chunks to end; a recipe that cannot be used is a bad message."""
        if not self._running:
            return
        tasks = [task for _, task in self._running.values()]
        await asyncio.wait(tasks, timeout=BUSY_S, return_when=asyncio.FIRST_COMPLETED)
        for record_id in [key for key, (_, task) in self._running.items() if task.done()]:
            _, task = self._running.pop(record_id)
            record = self._records.pop(record_id)
            try:
                task.result()
            except RecipeError as error:
                await self._refuse(record, error)
            else:
                self._ledger.done(record.topic_partition, record.offset)

    async def _refuse(self, record: Record, error: Exception) -> None:
        await self._dead_letters.reject(record, error)
        self._ledger.done(record.topic_partition, record.offset)

    async def _commit(self) -> None:
        positions = self._ledger.committable()
        for topic, source in self._inputs.of_work():
            mine = {tp: offset for tp, offset in positions.items() if tp[0] == topic.name}
            if mine:
                await source.commit(mine)

    async def _show_lag(self) -> None:
        if time.monotonic() - self._lag_shown < LAG_EVERY_S:
            return
        self._lag_shown = time.monotonic()
        show_lag(NAME, await self._inputs.live.lag())
        show_lag(NAME, await self._inputs.batch.lag())
        REFERENCE_WAITING.set(sum((await self._inputs.reference.lag()).values()))
