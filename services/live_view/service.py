"""Three readers (facts, frames, database) that keep a Showcase current and tell the pages.

Each goes on by itself when the broker or the database is away, says so once, and catches up.
Bad messages are counted and passed over: the services that own their topics keep them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from libs.messages import (
    BadMessageError,
    FramesProcessed,
    JobChanged,
    JobId,
    Message,
    RatesUpdated,
    RunStarted,
)
from libs.messages.topics import ADVICE, FRAMES, JOBS, RATES, RUNS
from libs.messages.units import US_PER_SECOND
from libs.service_kit.metrics import BAD_MESSAGES_TOTAL, MESSAGES_TOTAL, show_lag
from libs.streams import KafkaSource, Record, StreamError, decode_record
from services.live_view.catalogue import Catalogue, CatalogueAwayError
from services.live_view.core import Changes, Showcase, ShownJob
from services.live_view.events import Broadcaster
from services.live_view.metrics import JOBS_HELD, READERS, RESULT_TO_PAGE
from services.live_view.wire import RECORDED_I_SIGI, advised, clock_revision, frames_answer

NAME = "live_view"
LOG = structlog.get_logger(__name__)
TELL_EVERY_S = 0.2
LIST_EVERY_S, LOAD_AGAIN_S, RETRY_S = 2.0, 0.5, 1.0


class LiveView:
    """The state of the page and the work that keeps it current."""

    def __init__(
        self,
        *,
        showcase: Showcase,
        catalogue: Catalogue,
        now_us: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self.showcase, self.catalogue, self.events = showcase, catalogue, Broadcaster()
        self.is_database_there, self.is_broker_there = False, False
        self._now_us, self._monotonic = now_us, monotonic
        self._positions: dict[int, int] = {}
        self._may_tail, self._look_again = asyncio.Event(), asyncio.Event()
        self._highest_given = 0
        self._changed: set[JobId] = set()
        self._told_at = 0.0

    # ---- answers ---------------------------------------------------------------------------

    async def frames(self, job: ShownJob, since: int, i_sigi: float | None = None) -> bytes:
        """The binary answer of the API; raises CatalogueAwayError for what only it could tell.

        `i_sigi` is the cut-off of the resolutions, the job's own by default.
        """
        cutoff = job.cutoffs.i_sigi if i_sigi is None else i_sigi
        held = self.showcase.held(job.job)
        if held is None or not held.is_loaded:
            await self.load(job)
        held = self.showcase.hold(job, self._positions, self._revision())
        if cutoff != RECORDED_I_SIGI and not held.has_tables:
            held.take_tables(await self.catalogue.tables(job))
        full, rows, total = held.changed_since(since)
        self._highest_given = max(self._highest_given, held.revision)
        first_shown = held.take_not_shown()
        self._measure([] if full else first_shown)
        return frames_answer(
            rows,
            revision=held.revision,
            full=full,
            total=total,
            started_us=job.started_us,
            i_sigi=cutoff,
        )

    def advised(self, rates: RatesUpdated) -> dict[str, Any]:
        """Rates as the page gets them: with advice."""
        return advised(rates, self.showcase.advice)

    async def load(self, job: ShownJob) -> None:
        """Bring a job's columns in from the database; the tail adds what comes meanwhile."""
        was_held = self.showcase.held(job.job) is not None
        self.showcase.hold(job, self._positions, self._revision())
        try:
            stored = await self.catalogue.stored()
            rows = await self.catalogue.rows(job)
        except CatalogueAwayError:
            if not was_held:
                self.showcase.release(job.job)
            raise
        self._tell(self.showcase.take_stored(job, rows, stored, self._revision()))

    def _measure(self, shown_done_us: list[int]) -> None:
        """How long results took to a page that was open; a page that opens late is no latency."""
        now_us = self._now_us()
        for done_us in shown_done_us:
            RESULT_TO_PAGE.observe(max(0, now_us - done_us) / US_PER_SECOND)

    # ---- the database ----------------------------------------------------------------------

    async def follow_database(self) -> None:
        """Keep the list of jobs, and load columns that are missing."""
        while True:
            try:
                pause_s = await self.look_at_database()
            except CatalogueAwayError as error:
                if self.is_database_there:
                    LOG.warning("database_away", error=str(error))
                self.is_database_there, pause_s = False, RETRY_S
            self._look_again.clear()
            await _first_of(self._look_again.wait(), pause_s)

    async def look_at_database(self) -> float:
        """One look; gives the pause until the next."""
        if not self._may_tail.is_set():
            self._positions = await self.catalogue.stored()
            self._may_tail.set()
        self._tell(self.showcase.list_jobs(await self.catalogue.jobs()))
        self.is_database_there = True
        for job in self.showcase.missing():
            await self.load(job)
        self._tell_frames_when_due()
        return LOAD_AGAIN_S if self.showcase.missing() else LIST_EVERY_S

    # ---- the broker ------------------------------------------------------------------------

    async def follow_facts(self, bootstrap: str) -> None:
        """Read runs, jobs, rates and advice whole, and on."""
        while True:
            try:
                async with KafkaSource(
                    bootstrap, [RUNS, JOBS, RATES, ADVICE], group=None
                ) as source:
                    while True:
                        self.take_facts(await source.poll(timeout_s=TELL_EVERY_S))
            except (StreamError, KafkaError, OSError) as error:
                self._broker_lost(error)
                await asyncio.sleep(RETRY_S)

    async def follow_frames(self, bootstrap: str) -> None:
        """Tail the results from where the database ends."""
        await self._may_tail.wait()
        while True:
            try:
                async with KafkaSource(bootstrap, [FRAMES], group=None) as source:
                    for topic, partition in source.assignment():
                        source.seek((topic, partition), self._positions.get(partition, 0))
                    self.is_broker_there = True
                    while True:
                        records = await source.poll(max_records=2000, timeout_s=TELL_EVERY_S)
                        self.take_frames(records)
                        show_lag(NAME, await source.lag())
            except (StreamError, KafkaError, OSError) as error:
                self._broker_lost(error)
                await asyncio.sleep(RETRY_S)

    def take_facts(self, records: Iterable[Record]) -> None:
        """Take records of `runs`, `jobs`, `rates` and `advice`."""
        for record in records:
            message = _decoded(record)
            if message is not None:
                self._tell(self.showcase.learn(message, self._revision()))
            elif record.topic == RATES.name and record.value is None:
                self.showcase.forget_rates(JobId((record.key or b"").decode(errors="replace")))
            if isinstance(message, JobChanged | RunStarted):
                self._look_again.set()

    def take_frames(self, records: Iterable[Record]) -> None:
        """Take records of `frames`; tells the pages at most five times a second."""
        for record in records:
            self._positions[record.partition] = record.offset + 1
            message = _decoded(record)
            if isinstance(message, FramesProcessed):
                self._take(record, message)
        self._tell_frames_when_due()

    def _take(self, record: Record, message: FramesProcessed) -> None:
        try:
            self._changed |= self.showcase.take(message, self._revision()).frames
        except BadMessageError as error:
            _pass_over(record, error)

    def _broker_lost(self, error: Exception) -> None:
        if self.is_broker_there:
            LOG.warning("broker_away", error=str(error))
        self.is_broker_there = False

    # ---- telling ---------------------------------------------------------------------------

    def _tell(self, changes: Changes) -> None:
        self._changed |= changes.frames
        if changes.jobs:
            self.events.send("jobs", "", {})
        for rates in changes.rates:
            self.events.send("rates", rates.job, self.advised(rates))

    def _tell_frames_when_due(self) -> None:
        if not self._changed or self._monotonic() - self._told_at < TELL_EVERY_S:
            return
        changed, self._changed, self._told_at = self._changed, set(), self._monotonic()
        for job in changed:
            number, held = self.showcase.number_of(job), self.showcase.held(job)
            if number is not None and held is not None:
                data = {"id": number, "revision": held.revision}
                self.events.send("frames", job, data)
        READERS.set(len(self.events))
        JOBS_HELD.set(self.showcase.n_held)

    def _revision(self) -> int:
        """By the clock, and above every revision that a page was given."""
        return max(clock_revision(self._now_us()), self._highest_given + 1)


def _decoded(record: Record) -> Message | None:
    if record.value is None:
        return None
    MESSAGES_TOTAL.labels(NAME, record.topic, "in").inc()
    try:
        return decode_record(record)
    except BadMessageError as error:
        _pass_over(record, error)
        return None


def _pass_over(record: Record, error: Exception) -> None:
    BAD_MESSAGES_TOTAL.labels(NAME, record.topic).inc()
    LOG.debug("message_passed_over", topic=record.topic, offset=record.offset, error=str(error))


async def _first_of(event: Awaitable[bool], timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event, timeout_s)
    except TimeoutError:
        return
