"""The loop: follow runs and jobs, read what other systems wrote, publish, then note how far.

At least once: a position is noted after its results are durable, and a result that is published
twice has the same identity and content. A bad line, chunk or message costs itself: it goes into
the dead-letter topic with its bytes. Results of a run that no job takes yet stay where they are
until one does.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from libs.messages import BadMessageError
from libs.messages.topics import JOBS
from libs.streams import Record, Source, decode_record
from services.external_adapter.outlet import Outlet

IDLE_S = 0.2


class Reader(Protocol):
    """One source of results."""

    async def step(self, *, has_news: bool) -> bool:
        """Read on; whether anything was read. `has_news`: of runs or jobs."""
        ...


class ExternalAdapter:
    """One turn: news of runs and jobs, then every source once."""

    def __init__(self, facts: Source, outlet: Outlet, readers: Sequence[Reader]) -> None:
        self._facts, self._outlet, self._readers = facts, outlet, readers
        self._moved = False

    async def step(self) -> None:
        """One turn; waits a little for news when the last one moved nothing."""
        records = await self._facts.poll(timeout_s=0.0 if self._moved else IDLE_S)
        await self.learn(records)
        self._moved = False
        for reader in self._readers:
            self._moved |= await reader.step(has_news=bool(records))

    async def learn(self, records: Iterable[Record]) -> None:
        """News of runs and jobs."""
        for record in records:
            if record.value is None and record.topic == JOBS.name:
                self._outlet.known.forget((record.key or b"").decode(errors="replace"))
                continue
            try:
                self._outlet.known.take(decode_record(record))
            except BadMessageError as error:
                await self._outlet.dead_letters.reject(record, error)
