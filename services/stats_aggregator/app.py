"""Wiring, with Faust as a thin shell: it owns the group, the buffers and the offsets, nothing else.

One agent; what comes within a moment is counted together, and acknowledged by hand after a
checkpoint (docs/decisions: Faust as a shell). An exception inside an agent would make Faust
acknowledge the event, so whatever is not a bad message ends the process at once, and the supervisor
starts another one from the checkpoint.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import faust
import structlog
from faust.types import TP

from libs.messages.topics import FRAMES, JOBS, RUNS
from libs.messages.units import US_PER_SECOND
from libs.service_kit import configure_logging
from libs.service_kit.metrics import HEALTHY, show_lag, start_metrics_server
from libs.streams import DeadLetters, KafkaSink, KafkaSource, Record, read_to_end
from services.stats_aggregator.claim import Claim
from services.stats_aggregator.config import AggregatorSettings
from services.stats_aggregator.ending import end_soon, run_to_the_end
from services.stats_aggregator.partition import SERVICE
from services.stats_aggregator.quick_fetch import QuickFetchApp
from services.stats_aggregator.service import Aggregator
from services.stats_aggregator.store import KafkaStore

LOG = structlog.get_logger(__name__)
LAST_CHECKPOINT_S = 15.0
MOST_TOGETHER, MOST_BYTES_TOGETHER = 128, 1_000_000
"""Events that are counted at once, which takes some 30 ms: timers and stopping must not wait."""
LINGER_S = 0.02
"""Faust hands out events one by one; so long they are gathered."""
PAUSED_S = 10.0
"""After such a pause others may count what is ours: ask before anything is published."""
FOLDER = Path(tempfile.gettempdir()) / "stillstream-faust"
"""Faust wants to know one; without tables it writes nothing there."""


def main() -> NoReturn:
    """Read the settings, then run until told to stop."""
    settings = AggregatorSettings()  # type: ignore[call-arg]  # from the environment
    configure_logging(SERVICE, settings.log)
    LOG.info("service_started", metrics_port=start_metrics_server(settings.metrics))
    claim = Claim(SERVICE, settings.instance, settings.kafka.bootstrap)
    claim.wait()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(
        Shell(settings).app, loop=loop, loglevel="WARN", quiet=True, redirect_stdouts=False
    )
    run_to_the_end(worker)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """By two clocks: one of them may have stood still with the machine, the other be set anew."""

    us: int
    monotonic_s: float

    @classmethod
    def now(cls) -> "Moment":
        """This one."""
        return cls(us=_now_us(), monotonic_s=time.monotonic())

    def seconds_since(self, earlier: "Moment") -> float:
        """By the clock that went on for longer."""
        by_date_s = (self.us - earlier.us) / US_PER_SECOND
        return max(by_date_s, self.monotonic_s - earlier.monotonic_s)


class Shell:
    """The Faust app around one Aggregator."""

    def __init__(self, settings: AggregatorSettings) -> None:
        self._settings = settings
        self._resources = AsyncExitStack()
        self._ready = asyncio.Event()
        self._gathered: list[Any] = []
        self._n_bytes, self._has_frames, self._counting = 0, asyncio.Event(), asyncio.Lock()
        self._unacknowledged: list[Any] = []
        self._aggregator: Aggregator | None = None
        self._turned = Moment.now()
        self.app = _app(settings)
        self._wire()

    def _wire(self) -> None:
        app, settings = self.app, self._settings
        topic = app.topic(FRAMES.name, value_serializer="raw", key_serializer="raw")
        app.agent(topic, concurrency=1, name="gather_frames")(self._gather_frames)
        app.task(self._count_gathered)
        app.task(self._follow_runs_and_jobs)
        app.timer(interval=settings.publish_interval_s, name="publish")(self._publish)
        app.timer(interval=settings.checkpoint_interval_s, name="checkpoint")(self._checkpoint)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_before_shutdown.connect(self._on_shutdown)

    async def _gather_frames(self, stream: Any) -> None:
        await self._ready.wait()
        async for event in stream.noack().events():
            self._gathered.append(event)
            self._n_bytes += len(event.message.value or b"")
            if len(self._gathered) >= MOST_TOGETHER or self._n_bytes >= MOST_BYTES_TOGETHER:
                await _or_exit(self._count())
            self._has_frames.set()

    async def _count_gathered(self) -> None:
        while not self.app.should_stop:
            await self._has_frames.wait()
            self._has_frames.clear()
            await asyncio.sleep(LINGER_S)
            await _or_exit(self._count())

    async def _count(self) -> None:
        """Count what was gathered. Until its checkpoint an event waits without its bytes."""
        assert self._aggregator is not None  # noqa: S101 (set before `ready`)
        async with self._counting:
            events, self._gathered, self._n_bytes = self._gathered, [], 0
            numbers = frozenset(event.message.partition for event in events)
            if not numbers <= self._aggregator.aggregation.partitions.keys():
                await self._aggregator.adopt(numbers | {tp.partition for tp in self._assigned()})
            await self._aggregator.count(*(_record(event.message) for event in events))
            for event in events:
                event.value = event.message.value = None
            self._unacknowledged += events

    async def _follow_runs_and_jobs(self) -> None:
        await _or_exit(self._follow())

    async def _follow(self) -> None:
        bootstrap = self._settings.kafka.bootstrap
        enter = self._resources.enter_async_context
        sink = await enter(KafkaSink(bootstrap))
        aggregator = Aggregator(
            sink=sink,
            store=await enter(KafkaStore(bootstrap, DeadLetters(SERVICE, sink))),
            now_us=_now_us,
            condense_after_us=int(self._settings.condense_after_s * US_PER_SECOND),
        )
        source = await enter(KafkaSource(bootstrap, [RUNS, JOBS], group=None))
        await aggregator.learn(await read_to_end(source))
        self._aggregator = aggregator
        self._ready.set()
        while not self.app.should_stop:
            await aggregator.learn(await source.poll(timeout_s=0.2))

    async def _publish(self) -> None:
        if self._aggregator is not None:
            await _or_exit(self._turn(self._aggregator))

    async def _turn(self, aggregator: Aggregator) -> None:
        last, self._turned = self._turned, Moment.now()
        if self._turned.seconds_since(last) > PAUSED_S:
            await aggregator.checkpoint(prove=True)
        assigned = self._assigned()
        await aggregator.hold(frozenset(tp.partition for tp in assigned))
        await aggregator.publish(self._turned.us)
        self._show_lag(aggregator, assigned)

    async def _checkpoint(self) -> None:
        if self._aggregator is not None:
            await _or_exit(self._save(self._aggregator))

    async def _save(self, aggregator: Aggregator) -> None:
        saved = await aggregator.checkpoint()
        waiting, self._unacknowledged = self._unacknowledged, []
        for event in waiting:
            if event.message.offset < saved.get(event.message.partition, 0):
                event.ack()
            else:
                self._unacknowledged.append(event)

    async def _on_revoked(self, app: Any, revoked: Any, **kwargs: Any) -> None:
        del app, revoked, kwargs
        self._gathered, self._n_bytes = [], 0
        self._unacknowledged.clear()
        if self._aggregator is not None:
            self._aggregator.drop_all()

    async def _on_shutdown(self, app: Any, **kwargs: Any) -> None:
        del app, kwargs
        end_soon()
        if self._aggregator is not None:
            await asyncio.wait_for(self._save(self._aggregator), LAST_CHECKPOINT_S)
            await self.app.consumer.commit()  # or Faust's last commit joins one that began before
        HEALTHY.labels(SERVICE).set(0)
        await self._resources.aclose()
        LOG.info("service_stopped")

    def _assigned(self) -> set[TP]:
        if self.app.rebalancing:
            return set()
        return {tp for tp in self.app.consumer.assignment() if tp.topic == FRAMES.name}

    def _show_lag(self, aggregator: Aggregator, assigned: set[TP]) -> None:
        lag: dict[tuple[str, int], int] = {}
        for tp in assigned:
            state = aggregator.aggregation.partitions.get(tp.partition)
            end = end_of(self.app.consumer, tp)
            if state is not None and end is not None:
                lag[(tp.topic, tp.partition)] = max(0, end - state.next_offset)
        show_lag(SERVICE, lag)


def end_of(consumer: Any, tp: TP) -> int | None:
    """The offset of a partition's next new record, where Faust's consumer knows it."""
    try:
        end: int | None = consumer.highwater(tp)
    except AssertionError:  # aiokafka's word for a partition that was dealt anew meanwhile
        return None
    return end


def _app(settings: AggregatorSettings) -> Any:
    return QuickFetchApp(
        SERVICE,
        broker=f"kafka://{settings.kafka.bootstrap}",
        store="memory://",
        datadir=FOLDER,
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance,
        broker_session_timeout=15.0,
        broker_heartbeat_interval=3.0,
        broker_request_timeout=40.0,
        broker_commit_interval=1.0,
        stream_buffer_maxsize=256,
        stream_wait_empty=False,
    )


async def _or_exit(work: Awaitable[None]) -> None:
    """Await it; an error ends the process without letting Faust acknowledge or commit anything."""
    try:
        await work
    except Exception:  # the process boundary: say why, then let the supervisor restart us
        LOG.exception("service_failed")
        os._exit(1)


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
    )


def _now_us() -> int:
    return time.time_ns() // 1000
