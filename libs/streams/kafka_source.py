"""Records from Kafka, either as a member of a consumer group or whole, in every instance.

Does not decode, and never commits by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiokafka
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError

from libs.messages.topics import Topic
from libs.streams.errors import BrokerUnreachableError
from libs.streams.patience import start_when_reachable, stop_quietly
from libs.streams.records import Record, TopicPartition

Rebalanced = Callable[[frozenset[TopicPartition]], Awaitable[None]]
START_PATIENCE_S = 90.0
SESSION_TIMEOUT_MS = 8_000
"""How long a dead member holds its partitions; event loops here do no CPU work."""
FETCH_BYTES = 4 * 1024 * 1024
FETCH_MAX_WAIT_MS = 100
"""A busy partition waits so long behind a request for others that have no news: one at a time."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, on_assigned: Rebalanced | None, on_revoked: Rebalanced | None) -> None:
        self._on_assigned, self._on_revoked = on_assigned, on_revoked

    async def on_partitions_assigned(self, assigned: Any) -> None:
        if self._on_assigned is not None:
            await self._on_assigned(_plain(assigned))

    async def on_partitions_revoked(self, revoked: Any) -> None:
        if self._on_revoked is not None:
            await self._on_revoked(_plain(revoked))


class KafkaSource:
    """A consumer. With `group=None` it reads all partitions of its topics from the beginning.

    `committed_only`: without records of transactions that are not, or never, committed.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[Topic],
        *,
        group: str | None,
        instance: str | None = None,
        on_assigned: Rebalanced | None = None,
        on_revoked: Rebalanced | None = None,
        offset_reset: str = "earliest",
        patience_s: float = START_PATIENCE_S,
        committed_only: bool = False,
    ) -> None:
        self._bootstrap, self._topics, self._group = bootstrap, tuple(topics), group
        self._instance, self._offset_reset = instance, offset_reset
        self._listener = _Listener(on_assigned, on_revoked)
        self._patience_s = patience_s
        self._isolation = "read_committed" if committed_only else "read_uncommitted"
        self._client: Any = None

    async def __aenter__(self) -> Self:
        self._client = await start_when_reachable(
            self._make, _stop, self._bootstrap, self._patience_s
        )
        if self._group is None:
            await self._assign_everything()
        else:
            self._client.subscribe([t.name for t in self._topics], listener=self._listener)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await stop_quietly(_stop, self._client)

    async def poll(self, *, max_records: int = 500, timeout_s: float = 0.5) -> list[Record]:
        """The next records, in order within a partition; empty when none came in time."""
        batches = await self._client.getmany(
            timeout_ms=int(timeout_s * 1000), max_records=max_records
        )
        return [_record(r) for records in batches.values() for r in records]

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit next offsets; partitions that were taken away meanwhile are left out."""
        assigned = self.assignment()
        offsets = {_tp(tp): next_ for tp, next_ in positions.items() if tp in assigned}
        if not offsets:
            return
        try:
            await self._client.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            return  # a rebalance came between: the new owner repeats what was not committed

    async def committed(self, tp: TopicPartition) -> int | None:
        """The next offset that the group remembers, if any."""
        offset: int | None = await self._client.committed(_tp(tp))
        return offset

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that this source reads at present."""
        return _plain(self._client.assignment())

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Records not yet polled, per partition; partitions never fetched are left out."""
        lags: dict[TopicPartition, int] = {}
        for tp in self._client.assignment():
            high = self._client.highwater(tp)
            if high is not None:
                lags[(tp.topic, tp.partition)] = max(0, high - await self._client.position(tp))
        return lags

    async def end_offsets(self) -> Mapping[TopicPartition, int]:
        """The offset after the newest record of each assigned partition."""
        ends = await self._client.end_offsets(list(self._client.assignment()))
        return {(tp.topic, tp.partition): offset for tp, offset in ends.items()}

    async def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset that will be polled, per assigned partition."""
        return {
            (tp.topic, tp.partition): await self._client.position(tp)
            for tp in self._client.assignment()
        }

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Continue at this offset."""
        self._client.seek(_tp(tp), offset)

    async def seek_to_beginning(self) -> None:
        """Read everything again."""
        await self._client.seek_to_beginning()

    def pause(self, *tps: TopicPartition) -> None:
        """Stop fetching from these partitions for a while."""
        self._client.pause(*(_tp(tp) for tp in tps))

    def resume(self, *tps: TopicPartition) -> None:
        """Fetch from these partitions again."""
        self._client.resume(*(_tp(tp) for tp in tps))

    def _make(self) -> Any:
        return aiokafka.AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            group_instance_id=self._instance,
            enable_auto_commit=False,
            auto_offset_reset=self._offset_reset,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=600_000,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            metadata_max_age_ms=30_000,
            isolation_level=self._isolation,
        )

    async def _assign_everything(self) -> None:
        names = {topic.name for topic in self._topics}
        self._client.subscribe(list(names))
        deadline = asyncio.get_running_loop().time() + self._patience_s
        while names > (known := {tp.topic for tp in self._client.assignment()}):
            if asyncio.get_running_loop().time() > deadline:
                missing = ", ".join(sorted(names - known))
                raise BrokerUnreachableError(
                    f"topics missing at {self._bootstrap}: {missing}; "
                    "make them with `python -m libs.streams.topics_admin`"
                )
            await asyncio.sleep(0.05)
        await self._client.seek_to_beginning()


async def _stop(client: Any) -> None:
    if client is not None:
        await client.stop()


def _tp(tp: TopicPartition) -> Any:
    return aiokafka.TopicPartition(*tp)


def _plain(partitions: Any) -> frozenset[TopicPartition]:
    return frozenset((tp.topic, tp.partition) for tp in partitions)


def _record(record: Any) -> Record:
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        timestamp_ms=record.timestamp,
    )
