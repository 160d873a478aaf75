"""Wiring: real Kafka, real clocks, the folders of the sources file."""

import time
from contextlib import AsyncExitStack
from typing import NoReturn

from libs.messages.topics import RUNS
from libs.service_kit import run_service
from libs.streams import DeadLetters, KafkaSink, read_whole
from services.run_discovery.config import RunDiscoverySettings, SourceSettings, load_sources
from services.run_discovery.folders import FolderWatch
from services.run_discovery.service import NAME, RunDiscovery, Watched, ledger_from


def main() -> NoReturn:
    """Read the settings, then run until told to stop."""
    settings = RunDiscoverySettings()  # type: ignore[call-arg]  # from the environment

    async def build(stack: AsyncExitStack) -> RunDiscovery:
        return await _build(settings, stack)

    run_service(NAME, settings, build)


async def _build(settings: RunDiscoverySettings, stack: AsyncExitStack) -> RunDiscovery:
    sources = load_sources(settings.sources_file)
    bootstrap = settings.kafka.bootstrap
    sink = await stack.enter_async_context(KafkaSink(bootstrap))
    announced = await read_whole(bootstrap, RUNS)
    watched = [_watched(source, settings) for source in sources]
    for each in watched:
        stack.callback(each.watch.close)
    return RunDiscovery(
        sources=watched,
        sink=sink,
        ledger=await ledger_from(announced, DeadLetters(NAME, sink)),
        scan_interval_s=settings.scan_interval_s,
        now_us=lambda: time.time_ns() // 1000,
    )


def _watched(source: SourceSettings, settings: RunDiscoverySettings) -> Watched:
    watch = FolderWatch(
        source, rescan_finished_s=settings.rescan_finished_s, monotonic=time.monotonic
    )
    return Watched(rules=source.rules(), watch=watch)
