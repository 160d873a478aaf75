"""The loop: follow jobs, take work while there is room, commit what is durable.

An offset is committed only after all results of its chunk are durable, in order per partition, so
a crash at any moment repeats work and loses none. Frames are processed elsewhere: this loop waits.
Which topic feeds which workers, and in which order, stands in routes.py.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import structlog

from libs.diffraction import RecipeError
from libs.messages import BadMessageError, FramesToProcess, JobChanged
from libs.messages.topics import WORK_BATCH, WORK_LIVE, WORK_REFERENCE, Topic
from libs.service_kit.metrics import MESSAGES_TOTAL, show_lag
from libs.streams import DeadLetters, Record, Source, TopicPartition, decode_record
from services.frame_processor.chunk_work import ChunkWork
from services.frame_processor.core import JobStates, check_chunk
from services.frame_processor.ledger import OffsetLedger
from services.frame_processor.metrics import (
    CHUNKS_SKIPPED_TOTAL,
    FRAMES_WAITING,
    NAME,
    REFERENCE_WAITING,
)
from services.frame_processor.routes import ROUTES, Pool, Route, has_room, pool_of
from services.frame_processor.workshop import Workshop

LOG = structlog.get_logger(__name__)
IDLE_S, BUSY_S = 0.3, 0.05
CHUNKS_PER_TURN = 64
LAG_EVERY_S = 2.0
RecordId = tuple[str, int, int]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Where news of jobs and each topic of work come from."""

    jobs: Source
    work: Mapping[Topic, Source]


class FrameProcessor:
    """Takes chunks, keeps the workers busy, publishes, commits."""

    def __init__(
        self, inputs: Inputs, workshops: Mapping[Pool, Workshop], dead_letters: DeadLetters
    ) -> None:
        self._inputs, self._workshops, self._dead_letters = inputs, workshops, dead_letters
        self._sizes = {pool: shop.frames.size for pool, shop in workshops.items()}
        self._jobs = JobStates()
        self._ledger = OffsetLedger()
        self._running: dict[RecordId, tuple[ChunkWork, asyncio.Task[None]]] = {}
        self._records: dict[RecordId, Record] = {}
        self._lag_shown = 0.0

    async def step(self) -> None:
        """One turn."""
        await self._follow_jobs()
        await self._take_work()
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

    def _waiting(self) -> dict[str, int]:
        """Frames without a result, by topic."""
        waiting = {topic.name: 0 for topic in self._inputs.work}
        for (topic, _, _), (work, _) in self._running.items():
            waiting[topic] += work.waiting
        return waiting

    def _has_room(self, route: Route) -> bool:
        return has_room(route, self._waiting(), self._sizes)

    async def _take_work(self) -> None:
        """Wait for the most urgent work only; what can wait is asked for when no live work came."""
        wait_s = BUSY_S if self._running else IDLE_S
        came = 0
        for route in ROUTES:
            if route.topic != WORK_BATCH or not came:
                came += await self._take_from(route, wait_s if route.topic == WORK_LIVE else 0.0)
        for topic, frames in self._waiting().items():
            FRAMES_WAITING.labels(topic).set(frames)

    async def _take_from(self, route: Route, wait_s: float) -> int:
        """As many chunks as there is room for; how many that were."""
        source = self._inputs.work[route.topic]
        for number in range(CHUNKS_PER_TURN):
            if not self._has_room(route):
                return number
            records = await source.poll(max_records=1, timeout_s=0.0 if number else wait_s)
            if not records:
                return number
            for record in records:
                await self._take(record, route)
        return CHUNKS_PER_TURN

    async def _take(self, record: Record, route: Route) -> None:
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
        self._start(record, chunk, route)

    def _start(self, record: Record, chunk: FramesToProcess, route: Route) -> None:
        work = ChunkWork(
            chunk=chunk,
            taken_us=time.time_ns() // 1000,
            workshop=self._workshops[pool_of(route, chunk.recipe.lane)],
            wanted=lambda: self._jobs.wants(chunk),
            rank=route.rank,
        )
        record_id = (*record.topic_partition, record.offset)
        self._records[record_id] = record
        self._running[record_id] = (work, asyncio.create_task(work.run()))

    async def _settle(self) -> None:
        """Chunks that ended; a recipe that cannot be used is a bad message.

        Waits a little only where there is no room for the most urgent work: else that was waited
        for already.
        """
        if not self._running:
            return
        tasks = [task for _, task in self._running.values()]
        wait_s = 0.0 if self._has_room(ROUTES[0]) else BUSY_S
        await asyncio.wait(tasks, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
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
        for topic, source in self._inputs.work.items():
            mine = {tp: offset for tp, offset in positions.items() if tp[0] == topic.name}
            if mine:
                await source.commit(mine)

    async def _show_lag(self) -> None:
        if time.monotonic() - self._lag_shown < LAG_EVERY_S:
            return
        self._lag_shown = time.monotonic()
        for topic, source in self._inputs.work.items():
            lag = await source.lag()
            if topic == WORK_REFERENCE:
                REFERENCE_WAITING.set(sum(lag.values()))
            else:
                show_lag(NAME, lag)
