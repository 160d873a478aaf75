"""Wiring of the sink: where its source, engine and dead letters come from."""

import gc
from contextlib import AsyncExitStack

from libs.catalogue import open_engine
from libs.messages.topics import ADVICE, FRAMES, JOBS, RATES, RUNS
from libs.service_kit import run_service
from libs.streams import DeadLetters, KafkaSink, KafkaSource
from services.database_sink.config import SinkSettings
from services.database_sink.service import NAME, DatabaseSink, Ownership

TOPICS = (RUNS, JOBS, FRAMES, RATES, ADVICE)


async def build(settings: SinkSettings, stack: AsyncExitStack) -> DatabaseSink:
    """The service with its real parts; the stack closes them."""
    ownership = Ownership()
    engine = open_engine(settings.database.url())
    stack.push_async_callback(engine.dispose)
    letters = await stack.enter_async_context(KafkaSink(settings.kafka.bootstrap))
    source = await stack.enter_async_context(
        KafkaSource(
            settings.kafka.bootstrap,
            TOPICS,
            group=NAME,
            instance=settings.instance,
            on_assigned=ownership.assigned,
        )
    )
    return DatabaseSink(
        source,
        engine,
        DeadLetters(NAME, letters),
        ownership,
        batch_records=settings.batch_records,
    )


def collect_seldom() -> None:
    """Rows are many and hold no reference cycles: looking for some took a fifth of the time."""
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """Run until told to stop."""
    collect_seldom()
    settings = SinkSettings()
    run_service(NAME, settings, lambda stack: build(settings, stack))
