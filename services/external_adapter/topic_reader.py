"""A topic of another system: messages that wait for a job are kept; the others are committed."""

from libs.external_results import ExternalError
from libs.messages import RunStarted
from libs.messages.topics import FOREVER_MS, Topic
from libs.streams import Record, Source, TopicPartition
from services.external_adapter import metrics
from services.external_adapter.config import ExternalSource
from services.external_adapter.core import SAFE_NUMBER
from services.external_adapter.outlet import Outlet

POLL_RECORDS = 1000
MOST_PARKED = 50_000
"""With so many messages waiting nothing more is polled."""


def foreign_topic(name: str) -> Topic:
    """A topic that is not ours: read only."""
    return Topic(name=name, messages=(), key=lambda _: "", partitions=1, retention_ms=FOREVER_MS)


class TopicReader:
    """A message is committed when it and all before it in its partition are done with."""

    def __init__(self, source: ExternalSource, records: Source, outlet: Outlet) -> None:
        self._source, self._records, self._outlet = source, records, outlet
        self._parked: list[Record] = []
        self._next: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}

    async def step(self, *, has_news: bool) -> bool:
        """Take what came; what waits is tried again when there is news of runs or jobs."""
        tried, kept = (self._parked, []) if has_news else ([], self._parked)
        fresh: list[Record] = []
        if len(self._parked) < MOST_PARKED:
            fresh = await self._records.poll(max_records=POLL_RECORDS, timeout_s=0.0)
        for record in fresh:
            self._next[record.topic_partition] = record.offset + 1
        waiting = [record for record in (*tried, *fresh) if not await self._is_done(record)]
        self._parked = [*kept, *waiting]
        metrics.PARKED.labels(self._source.name).set(len(self._parked))
        await self._commit()
        return len(waiting) < len(tried) + len(fresh)

    async def _is_done(self, record: Record) -> bool:
        try:
            return await self._take(record)
        except ExternalError as error:
            await self._outlet.dead_letters.reject(record, error)
            return True

    async def _take(self, record: Record) -> bool:
        """Whether the message's results are durable; False while a run of it has no job."""
        frames = self._source.reads.read(record.value or b"")
        runs: list[RunStarted] = []
        written_us = record.timestamp_ms * 1000
        for number in sorted({frame.run or "" for frame in frames}):
            if not SAFE_NUMBER.match(number):
                raise ExternalError("it names no run: each message needs `run` or `file_prefix`")
            run = await self._outlet.run(
                self._source, number, path=record.topic, seen_us=written_us
            )
            if run is None or not self._outlet.known.jobs(run.run):
                return False
            runs.append(run)
        for run in runs:
            mine = [frame for frame in frames if frame.run == run.number]
            for job in self._outlet.known.jobs(run.run):
                await self._outlet.publish(
                    self._source, mine, run, job, written_us=written_us, file=record.topic
                )
        return True

    async def _commit(self) -> None:
        held: dict[TopicPartition, int] = {}
        for record in self._parked:
            tp = record.topic_partition
            held[tp] = min(record.offset, held.get(tp, record.offset))
        positions = {tp: held.get(tp, offset) for tp, offset in self._next.items()}
        if positions != self._committed:
            await self._records.commit(positions)
            self._committed = positions
