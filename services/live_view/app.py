"""Wiring: real database, real broker, a real port; one task for each thing that is followed."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, NoReturn

import structlog
from aiohttp import web

from libs.catalogue import open_engine
from libs.service_kit import run_service
from services.live_view.catalogue import DatabaseCatalogue
from services.live_view.config import LiveViewSettings
from services.live_view.core import Showcase
from services.live_view.pages import Pages
from services.live_view.service import NAME, LiveView

LOG = structlog.get_logger(__name__)
WATCH_S = 0.5


def main() -> NoReturn:
    """Read the settings, then run until told to stop."""
    settings = LiveViewSettings()  # type: ignore[call-arg]  # from the environment

    async def build(stack: AsyncExitStack) -> "Watch":
        return await _build(settings, stack)

    run_service(NAME, settings, build)


class Watch:
    """The tasks of the service; a step ends with the first of them that failed."""

    def __init__(self, work: list[Coroutine[Any, Any, None]]) -> None:
        self._tasks = [asyncio.create_task(one) for one in work]

    async def step(self) -> None:
        """Wait a moment; raise what a task raised."""
        done, _ = await asyncio.wait(
            self._tasks, timeout=WATCH_S, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()

    async def stop(self) -> None:
        """End the tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _build(settings: LiveViewSettings, stack: AsyncExitStack) -> Watch:
    engine = open_engine(settings.database.url())
    stack.push_async_callback(engine.dispose)
    view = LiveView(
        showcase=Showcase(most_jobs=settings.jobs_in_memory),
        catalogue=DatabaseCatalogue(engine),
        now_us=lambda: time.time_ns() // 1000,
        monotonic=time.monotonic,
    )
    await _serve(settings, Pages(view, settings.assets_folder).application(), stack)
    bootstrap = settings.kafka.bootstrap
    watch = Watch(
        [view.follow_database(), view.follow_facts(bootstrap), view.follow_frames(bootstrap)]
    )
    stack.push_async_callback(watch.stop)
    return watch


async def _serve(
    settings: LiveViewSettings, application: web.Application, stack: AsyncExitStack
) -> None:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.http.host, settings.http.port).start()
    host, port = runner.addresses[0][:2]
    LOG.info("page_served", url=f"http://{host}:{port}/")
