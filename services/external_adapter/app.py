"""Wiring of the adapter: real Kafka, the sources of the file."""

from contextlib import AsyncExitStack
from typing import NoReturn

from libs.messages import BadMessageError, CheckpointSegment
from libs.messages.topics import CHECKPOINTS, JOBS, RUNS
from libs.service_kit import run_service
from libs.streams import DeadLetters, KafkaSink, KafkaSource, Record, decode_record, read_to_end
from services.external_adapter.config import (
    ExternalAdapterSettings,
    ExternalSource,
    load_sources,
)
from services.external_adapter.core import Known, Positions
from services.external_adapter.file_reader import FileReader
from services.external_adapter.files import FileFeed
from services.external_adapter.metrics import NAME
from services.external_adapter.outlet import Outlet
from services.external_adapter.service import ExternalAdapter, Reader
from services.external_adapter.topic_reader import TopicReader, foreign_topic


def main() -> NoReturn:
    """Run until told to stop."""
    settings = ExternalAdapterSettings()

    async def build(stack: AsyncExitStack) -> ExternalAdapter:
        return await _build(settings, stack)

    run_service(NAME, settings, build)


async def _build(settings: ExternalAdapterSettings, stack: AsyncExitStack) -> ExternalAdapter:
    sources = load_sources(settings.sources_file)
    bootstrap = settings.kafka.bootstrap
    sink = await stack.enter_async_context(KafkaSink(bootstrap))
    facts = await stack.enter_async_context(KafkaSource(bootstrap, [RUNS, JOBS], group=None))
    outlet = Outlet(sink=sink, dead_letters=DeadLetters(NAME, sink), known=Known())
    positions = await _positions(bootstrap)
    readers = [await _reader(source, outlet, positions, bootstrap, stack) for source in sources]
    adapter = ExternalAdapter(facts, outlet, readers)
    await adapter.learn(await read_to_end(facts))
    return adapter


async def _reader(
    source: ExternalSource,
    outlet: Outlet,
    positions: Positions,
    bootstrap: str,
    stack: AsyncExitStack,
) -> Reader:
    if source.folder is not None:
        return FileReader(FileFeed(source, source.folder), outlet, positions)
    records = KafkaSource(
        bootstrap, [foreign_topic(source.topic or "")], group=f"{NAME}_{source.name}"
    )
    return TopicReader(source, await stack.enter_async_context(records), outlet)


async def _positions(bootstrap: str) -> Positions:
    """From the checkpoints of this service; the others' are passed over as they come."""
    positions = Positions(NAME)
    async with KafkaSource(bootstrap, [CHECKPOINTS], group=None) as source:
        ends = await source.end_offsets()
        while any(at < ends[tp] for tp, at in (await source.positions()).items()):
            for record in await source.poll(timeout_s=0.2):
                if (record.key or b"").startswith(f"{NAME}/".encode()):
                    _restore(positions, record)
    return positions


def _restore(positions: Positions, record: Record) -> None:
    try:
        message = decode_record(record)
    except BadMessageError:
        return  # the file is read again
    if isinstance(message, CheckpointSegment):
        positions.restore(message)
