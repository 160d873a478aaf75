"""The loop: look at the disk in threads, decide, publish, then keep what was announced."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from libs.messages import BadMessageError, FramesArrived, Message, RunEnded, RunStarted
from libs.messages.topics import RUNS
from libs.service_kit.metrics import MESSAGES_TOTAL
from libs.streams import DeadLetters, Record, Sink, decode_record
from services.run_discovery.core import announce, overfull
from services.run_discovery.folders import FolderWatch
from services.run_discovery.ledger import Ledger, record
from services.run_discovery.metrics import (
    FRAMES_ANNOUNCED_TOTAL,
    PROBLEMS,
    RUNS_OPEN,
    SCAN_SECONDS,
)
from services.run_discovery.sightings import Source

NAME = "run_discovery"
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A source's rules and the watch on its folder."""

    rules: Source
    watch: FolderWatch


class RunDiscovery:
    """Announces what is new on disk, once; the ledger is what the runs topic already says."""

    def __init__(
        self,
        *,
        sources: Sequence[Watched],
        sink: Sink,
        ledger: Ledger,
        scan_interval_s: float,
        now_us: Callable[[], int],
    ) -> None:
        self._sources, self._sink, self._ledger = sources, sink, ledger
        self._interval_s, self._now_us = scan_interval_s, now_us
        self._problems: dict[str, frozenset[str]] = {}

    async def step(self) -> None:
        """Look at every source once, then rest."""
        await asyncio.gather(*(self._look(source) for source in self._sources))
        await asyncio.sleep(self._interval_s)

    async def _look(self, source: Watched) -> None:
        rules, begun = source.rules, time.perf_counter()
        scan = await asyncio.to_thread(source.watch.scan, self._ledger)
        SCAN_SECONDS.labels(rules.name).observe(time.perf_counter() - begun)
        complaints = [text for run in scan.runs for text in overfull(rules, run)]
        self._complain(rules.name, frozenset((*scan.problems, *complaints)))
        for run in scan.runs:
            await self._publish(rules, announce(self._ledger, rules, run, self._now_us()))
        RUNS_OPEN.labels(rules.name).set(self._ledger.count_open(rules.experiment, rules.name))

    async def _publish(self, rules: Source, messages: Sequence[Message]) -> None:
        if not messages:
            return
        await self._sink.publish(messages)
        self._ledger = record(self._ledger, messages)
        MESSAGES_TOTAL.labels(NAME, RUNS.name, "out").inc(len(messages))
        for message in messages:
            _show(rules, message)

    def _complain(self, source: str, problems: frozenset[str]) -> None:
        """Show how many there are; log each when it comes."""
        PROBLEMS.labels(source).set(len(problems))
        for problem in sorted(problems - self._problems.get(source, frozenset())):
            LOG.warning("disk_problem", source=source, problem=problem)
        self._problems[source] = problems


def _show(rules: Source, message: Message) -> None:
    match message:
        case RunStarted():
            LOG.info("run_started", run=message.run, path=message.path)
        case FramesArrived():
            frames = sum(span.count for span in message.spans)
            FRAMES_ANNOUNCED_TOTAL.labels(rules.name).inc(frames)
        case RunEnded():
            LOG.info("run_ended", run=message.run, frames=message.n_frames, reason=message.reason)
        case _:
            pass


async def ledger_from(records: Iterable[Record], dead_letters: DeadLetters) -> Ledger:
    """What the runs topic says was announced; a bad message costs itself."""
    messages: list[Message] = []
    for item in records:
        try:
            messages.append(decode_record(item))
        except BadMessageError as error:
            await dead_letters.reject(item, error)
    return record(Ledger(), messages)
