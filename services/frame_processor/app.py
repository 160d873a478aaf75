"""Where the frame processor meets the real world: Kafka, the worker pool, the archive folder."""

import asyncio
import dataclasses
import os
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NoReturn

from libs.diffraction import FramePool
from libs.diffraction.lane_handler import (
    LaneHandler,
    make_lane_handler,
    make_patient_handler,
    make_slow_handler,
)
from libs.messages.topics import (
    JOBS,
    WORK_BATCH,
    WORK_LIVE,
    WORK_LIVE_DIALS,
    WORK_REFERENCE,
    Topic,
)
from libs.service_kit import KafkaSettings, run_service
from libs.streams import DeadLetters, KafkaSink, KafkaSource, TopicPartition, read_to_end
from services.frame_processor.config import FrameProcessorSettings
from services.frame_processor.core import Origin
from services.frame_processor.metrics import NAME, WORKERS_ALIVE, WORKERS_REPLACED
from services.frame_processor.ranked_threads import RankedThreads
from services.frame_processor.routes import Pool
from services.frame_processor.service import FrameProcessor, Inputs
from services.frame_processor.workshop import Workshop

GROUPS = {
    WORK_LIVE: NAME,
    WORK_LIVE_DIALS: f"{NAME}_dials",
    WORK_BATCH: f"{NAME}_batch",
    WORK_REFERENCE: f"{NAME}_reference",
}
REFERENCE_FOLDER = "reference"


def main() -> NoReturn:
    """Run until told to stop."""
    settings = FrameProcessorSettings()

    async def build(stack: AsyncExitStack) -> FrameProcessor:
        return await _build(settings, stack)

    run_service(NAME, settings, build)


async def _build(settings: FrameProcessorSettings, stack: AsyncExitStack) -> FrameProcessor:
    sink = await stack.enter_async_context(KafkaSink(settings.kafka.bootstrap))
    workshops = await _workshops(settings, sink, stack)
    jobs = await stack.enter_async_context(
        KafkaSource(settings.kafka.bootstrap, [JOBS], group=None)
    )
    known_jobs = await read_to_end(jobs)
    work = {topic: _Work(topic, settings.kafka) for topic in GROUPS}
    sources = {topic: its.source for topic, its in work.items()}
    processor = FrameProcessor(Inputs(jobs=jobs, work=sources), workshops, DeadLetters(NAME, sink))
    await processor.learn_jobs(known_jobs)
    stack.push_async_callback(processor.close)
    for its in work.values():
        its.processor = processor
        await stack.enter_async_context(its.source)
    return processor


async def _workshops(
    settings: FrameProcessorSettings, sink: KafkaSink, stack: AsyncExitStack
) -> dict[Pool, Workshop]:
    """All workers of the fast lane are forked now, the others when their first frame comes."""
    threads, frames = _pool("fast", settings.workers, make_lane_handler, stack)
    loop = asyncio.get_running_loop()
    ready = (loop.run_in_executor(threads.at(0), frames.versions) for _ in range(frames.size))
    versions, *_ = await asyncio.gather(*ready)
    folder = settings.archive_folder
    fast = Workshop(
        frames=frames,
        threads=threads,
        sink=sink,
        origin=Origin(worker=f"{socket.gethostname()}/{os.getpid()}", versions=versions),
        archive_folder=folder,
    )

    def other(pool: Pool, size: int, make_handler: Callable[[], LaneHandler]) -> Workshop:
        threads, frames = _pool(pool, size, make_handler, stack)
        return dataclasses.replace(fast, threads=threads, frames=frames)

    reference = other("reference", settings.reference_workers, make_patient_handler)
    return {
        "fast": fast,
        "slow": other("slow", settings.slow_workers or settings.workers, make_slow_handler),
        "reference": dataclasses.replace(
            reference,
            archive_folder=None if folder is None else folder / REFERENCE_FOLDER,
            is_reference=True,
        ),
    }


def _pool(
    name: Pool, size: int, make_handler: Callable[[], LaneHandler], stack: AsyncExitStack
) -> tuple[RankedThreads, FramePool]:
    threads = stack.enter_context(RankedThreads(size, name))
    frames = stack.enter_context(FramePool(size, make_handler=make_handler))
    WORKERS_ALIVE.labels(name).set_function(lambda: frames.statistics.alive)
    WORKERS_REPLACED.labels(name).set_function(lambda: frames.statistics.replaced)
    return threads, frames


class _Work:
    """One topic of work, with its consumer group; tells the processor of rebalances."""

    def __init__(self, topic: Topic, kafka: KafkaSettings) -> None:
        self._topic = topic
        self.processor: FrameProcessor | None = None
        self.source = KafkaSource(
            kafka.bootstrap, [topic], group=GROUPS[topic], on_assigned=self._assigned
        )

    async def _assigned(self, partitions: frozenset[TopicPartition]) -> None:
        if self.processor is not None:
            await self.processor.partitions_assigned(self._topic.name, partitions)
