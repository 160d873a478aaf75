"""The process around a service: logging, metrics, signals, the loop, the exit status.

A service is `step()`: one turn without threads or loop of its own, so that tests can step it.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NoReturn, Protocol, TypeVar

import structlog

from libs.service_kit.logs import configure_logging
from libs.service_kit.metrics import HEALTHY, STEP_SECONDS, start_metrics_server
from libs.service_kit.settings import ServiceSettings

LOG = structlog.get_logger(__name__)
SHUTDOWN_S = 20.0
T = TypeVar("T")


class Steppable(Protocol):
    """One turn: poll, decide, publish, checkpoint, commit, then keep the state."""

    async def step(self) -> None:
        """Do one turn; may wait a fraction of a second for records."""
        ...


Build = Callable[[AsyncExitStack], Awaitable[Steppable]]


def run_service(name: str, settings: ServiceSettings, build: Build) -> NoReturn:
    """Run until SIGTERM or SIGINT (exit 0) or a fatal error (exit 1)."""
    configure_logging(name, settings.log)
    port = start_metrics_server(settings.metrics)
    LOG.info("service_started", metrics_port=port)
    try:
        asyncio.run(_serve(name, build))
    except Exception:  # the process boundary: say why, then let the supervisor restart us
        LOG.exception("service_failed")
        sys.exit(1)
    LOG.info("service_stopped")
    sys.exit(0)


async def _serve(name: str, build: Build) -> None:
    stop = stop_on_signals()
    async with AsyncExitStack() as stack:
        service = await _unless_stopped(build(stack), stop)
        if service is not None:
            await turn_until_stopped(name, service, stop)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def turn_until_stopped(name: str, service: Steppable, stop: asyncio.Event) -> None:
    """Step again and again; a stop lets the current step end, for a limited time."""
    while not stop.is_set():
        with STEP_SECONDS.labels(name).time():
            await _unless_stopped(service.step(), stop)
        HEALTHY.labels(name).set(1)
    HEALTHY.labels(name).set(0)


async def _unless_stopped(work: Awaitable[T], stop: asyncio.Event) -> T | None:
    task = asyncio.ensure_future(work)
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await asyncio.wait({task}, timeout=SHUTDOWN_S)
    waiter.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None
