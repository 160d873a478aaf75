"""Where the frame processor meets the real world: Kafka, the worker pool, the archive folder."""

import asyncio
import dataclasses
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import NoReturn

from libs.diffraction import FramePool
from libs.diffraction.lane_handler import make_patient_handler
from libs.messages.topics import JOBS, WORK_BATCH, WORK_LIVE, WORK_REFERENCE, Topic
from libs.service_kit import KafkaSettings, run_service
from libs.streams import DeadLetters, KafkaSink, KafkaSource, TopicPartition, read_to_end
from services.frame_processor.chunk_work import Workshop
from services.frame_processor.config import FrameProcessorSettings
from services.frame_processor.core import Origin
from services.frame_processor.metrics import NAME, WORKERS_ALIVE, WORKERS_REPLACED
from services.frame_processor.service import FrameProcessor, Inputs

GROUPS = {WORK_LIVE: NAME, WORK_BATCH: f"{NAME}_batch", WORK_REFERENCE: f"{NAME}_reference"}
REFERENCE_FOLDER = "reference"


def main() -> NoReturn:
    """Run until told to stop."""
    settings = FrameProcessorSettings()

    async def build(stack: AsyncExitStack) -> FrameProcessor:
        return await _build(settings, stack)

    run_service(NAME, settings, build)


async def _build(settings: FrameProcessorSettings, stack: AsyncExitStack) -> FrameProcessor:
    sink = await stack.enter_async_context(KafkaSink(settings.kafka.bootstrap))
    workshop = await _workshop(settings, sink, stack)
    jobs = await stack.enter_async_context(
        KafkaSource(settings.kafka.bootstrap, [JOBS], group=None)
    )
    known_jobs = await read_to_end(jobs)
    live, batch, reference = (_Work(topic, settings.kafka) for topic in GROUPS)
    processor = FrameProcessor(
        Inputs(live=live.source, batch=batch.source, jobs=jobs, reference=reference.source),
        workshop,
        DeadLetters(NAME, sink),
        reference=_reference(settings, workshop, stack),
    )
    await processor.learn_jobs(known_jobs)
    stack.push_async_callback(processor.close)
    for work in (live, batch, reference):
        work.processor = processor
        await stack.enter_async_context(work.source)
    return processor


async def _workshop(
    settings: FrameProcessorSettings, sink: KafkaSink, stack: AsyncExitStack
) -> Workshop:
    threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="frame")
    stack.callback(threads.shutdown, wait=False, cancel_futures=True)
    pool = stack.enter_context(FramePool(settings.workers))
    versions = await asyncio.get_running_loop().run_in_executor(threads, pool.versions)
    WORKERS_ALIVE.set_function(lambda: pool.statistics.alive)
    WORKERS_REPLACED.set_function(lambda: pool.statistics.replaced)
    return Workshop(
        frames=pool,
        threads=threads,
        sink=sink,
        origin=Origin(worker=f"{socket.gethostname()}/{os.getpid()}", versions=versions),
        archive_folder=settings.archive_folder,
    )


def _reference(
    settings: FrameProcessorSettings, workshop: Workshop, stack: AsyncExitStack
) -> Workshop:
    """Workers of the lowest priority; they are forked when the first frame of a sample comes."""
    threads = ThreadPoolExecutor(settings.reference_workers, thread_name_prefix="reference")
    stack.callback(threads.shutdown, wait=False, cancel_futures=True)
    folder = settings.archive_folder
    return dataclasses.replace(
        workshop,
        frames=stack.enter_context(
            FramePool(settings.reference_workers, make_handler=make_patient_handler)
        ),
        threads=threads,
        archive_folder=None if folder is None else folder / REFERENCE_FOLDER,
        is_reference=True,
    )


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
