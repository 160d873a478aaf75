"""Wiring of the dispatcher."""

import time
from contextlib import AsyncExitStack

from libs.catalogue import open_engine
from libs.messages.topics import FRAMES, RUNS
from libs.service_kit import run_service
from libs.streams import DeadLetters, KafkaSink, KafkaSource
from services.job_dispatcher.bookings import Bookings
from services.job_dispatcher.config import DispatcherSettings
from services.job_dispatcher.lanes import Lanes
from services.job_dispatcher.live_sampling import LiveSampling
from services.job_dispatcher.sampling import Sampler
from services.job_dispatcher.service import NAME, JobDispatcher


async def build(settings: DispatcherSettings, stack: AsyncExitStack) -> JobDispatcher:
    """The service with its real parts; the stack closes them."""
    engine = open_engine(settings.database.url())
    stack.push_async_callback(engine.dispose)
    bootstrap = settings.kafka.bootstrap
    sink = await stack.enter_async_context(KafkaSink(bootstrap))
    source = await stack.enter_async_context(KafkaSource(bootstrap, [RUNS], group=None))
    inherited = await source.end_offsets()
    return JobDispatcher(
        source,
        sink,
        Bookings(engine, lambda: time.time_ns() // 1000, Lanes()),
        DeadLetters(NAME, sink),
        chunk_frames=settings.chunk_frames,
        catalogue_interval_s=settings.catalogue_interval_s,
        inherited=inherited,
        sampling=await _sampling(settings, stack),
        complete_later=settings.sampling.complete_later,
        reference_fraction=settings.reference_fraction,
    )


async def _sampling(settings: DispatcherSettings, stack: AsyncExitStack) -> LiveSampling | None:
    if not settings.sampling.enabled:
        return None
    results = KafkaSource(
        settings.kafka.bootstrap, [FRAMES], group=f"{NAME}_waits", offset_reset="latest"
    )
    await stack.enter_async_context(results)
    return LiveSampling(results, lambda: Sampler(rules=settings.sampling.rules()))


def main() -> None:
    """Run until told to stop."""
    settings = DispatcherSettings()
    run_service(NAME, settings, lambda stack: build(settings, stack))
