"""The loop of the dispatcher.

It commits no offsets. At every start it reads the topic of runs from the beginning, and the job
table says how far each job was sent out (`next_sequence`, written after the work is durable). So a
restart sends nothing twice that was noted, repeats at most what was published and not yet noted
(the same chunks with the same ids and sampled fractions: harmless), and a run that no trial took
when it came is found again whenever a trial is switched on, days later as well. Committed offsets
could promise none of this, because one run's message is finished for some jobs and not for others.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import structlog

from libs.catalogue import JobRecord
from libs.catalogue.runs import check_storable
from libs.messages import (
    BadMessageError,
    FramesArrived,
    JobChanged,
    JobState,
    Lane,
    RunId,
    RunStarted,
)
from libs.messages.topics import WORK_BATCH, Topic, live_work_of
from libs.service_kit.metrics import MESSAGES_TOTAL, show_lag
from libs.streams import DeadLetters, Record, Sink, Source, TopicPartition, decode_record
from services.job_dispatcher import metrics
from services.job_dispatcher.bookings import Bookings
from services.job_dispatcher.core import (
    RunBook,
    RunKnown,
    Work,
    due,
    first_missing,
    is_live,
)
from services.job_dispatcher.fractions import (
    Steps,
    first_open,
    fraction_at,
    new_live,
    with_fraction,
)
from services.job_dispatcher.handing_out import Completion, WorkOutlet, work_of
from services.job_dispatcher.live_sampling import Sampling

NAME = "job_dispatcher"
LOG = structlog.get_logger(__name__)
POLL_RECORDS = 2000
ARRIVALS_PER_NOTE = 50
"""How many arrivals are sent before their position is noted."""


class JobDispatcher:
    """One turn: news of runs, news of the catalogue, then work for every run that has any."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        bookings: Bookings,
        dead_letters: DeadLetters,
        *,
        chunk_frames: int = 4,
        catalogue_interval_s: float = 1.0,
        clock_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        inherited: Mapping[TopicPartition, int] = MappingProxyType({}),
        sampling: Sampling | None = None,
        complete_later: bool = True,
        reference_fraction: float = 0.0,
    ) -> None:
        """`inherited`: where the topic of runs ended when this process began."""
        self._source, self._sink, self._bookings = source, sink, bookings
        self._dead_letters = dead_letters
        self._interval_s, self._clock_us = catalogue_interval_s, clock_us
        self._inherited, self._sampling = inherited, sampling
        self._outlet = WorkOutlet(
            sink,
            chunk_frames=chunk_frames,
            clock_us=clock_us,
            reference_fraction=reference_fraction,
        )
        self._completion = Completion(self._outlet, bookings, sampling) if complete_later else None
        self._book = RunBook()
        self._with_jobs: set[RunId] = set()
        self._sent: dict[tuple[str, int], set[int]] = {}
        self._highest: dict[tuple[str, int], int] = {}
        self._next_look_s = 0.0
        for lane in (Lane.FAST, Lane.DIALS):
            metrics.INDEX_FRACTION.labels(lane.value).set(1.0)

    async def step(self) -> None:
        """Poll, look, dispatch."""
        records = await self._source.poll(
            max_records=POLL_RECORDS, timeout_s=min(0.2, self._interval_s)
        )
        if self._sampling is not None:
            await self._sampling.step(self._clock_us())
        dirty = await self._take(records)
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._next_look_s:
            dirty |= await self._look()
            self._next_look_s = now_s + self._interval_s
            if self._completion is not None:
                await self._completion.step(self._book)
        for run in sorted(dirty):
            await self._dispatch(run)
        metrics.PENDING_RUNS.set(len(self._book.runs.keys() - self._with_jobs))
        if records:
            show_lag(NAME, await self._source.lag())

    async def _take(self, records: Iterable[Record]) -> set[RunId]:
        news = set()
        for record in records:
            MESSAGES_TOTAL.labels(NAME, record.topic, "in").inc()
            try:
                message = decode_record(record)
                if isinstance(message, RunStarted):
                    check_storable(message)
                ends_at = self._inherited.get(record.topic_partition, 0)
                run = self._book.take(message, inherited=record.offset < ends_at)
            except BadMessageError as error:
                await self._dead_letters.reject(record, error)
            else:
                news |= {run} if run is not None else set()
        return news

    async def _look(self) -> set[RunId]:
        trials_changed, changed = await self._bookings.refresh()
        everything = set(self._book.runs) if trials_changed else set()
        return everything | changed | self._bookings.jobless

    async def _dispatch(self, run: RunId) -> None:
        """Announce the run's jobs, then send their work, that of the fast lane first."""
        known = self._book.runs.get(run, RunKnown())
        ready = []
        for job in await self._bookings.jobs_of(run, known.started):
            self._with_jobs.add(run)
            ready.append(await self._announce(job))
        active = [job for job in ready if job is not None and job.state is JobState.ACTIVE]
        for job in sorted(active, key=_is_slow):
            await self._send(job, known)

    async def _announce(self, job: JobRecord) -> JobRecord | None:
        """The job once the others know its attempt and state; None while it has no recipe."""
        if job.announced:
            return job
        ready = await self._bookings.with_recipe(job)
        if ready is None:
            return None
        await self._sink.publish([_changed(ready)])
        await self._bookings.announced(ready)
        metrics.CHANGES_TOTAL.labels(ready.state.value).inc()
        LOG.info("job_announced", job=ready.job, attempt=ready.attempt, state=ready.state.value)
        return ready

    async def _send(self, job: JobRecord, known: RunKnown) -> None:
        """Everything of the run that this attempt was not sent yet; noted once it is durable."""
        if known.started is None or job.recipe is None:
            return
        if job.recipe.lane is Lane.EXTERNAL:
            return  # another system computes its results: services/external_adapter
        work = work_of(job, job.recipe, known.started)
        key = (job.job, job.attempt)
        sent = self._sent.setdefault(key, set())
        if self._sampling is not None:
            self._sampling.expect(work)
        waiting = due(known, job.next_sequence, sent)
        steps = await self._steps(job, known, waiting, job.recipe.lane)
        for start in range(0, len(waiting), ARRIVALS_PER_NOTE):
            part = waiting[start : start + ARRIVALS_PER_NOTE]
            for sequence in part:
                await self._publish(known, sequence, work, steps)
            sent.update(part)
            self._highest[key] = max(self._highest.get(key, -1), part[-1])
            await self._bookings.sent(job, first_missing(job.next_sequence, sent))

    async def _steps(
        self, job: JobRecord, known: RunKnown, waiting: list[int], lane: Lane
    ) -> Steps:
        """The sampled fractions of the job's arrivals, durable before any of them is sent."""
        first = first_open(known, self._highest.get((job.job, job.attempt), -1))
        if not new_live(known, waiting, first, job.live_from_us):
            return job.index_fractions
        fraction = 1.0 if self._sampling is None else self._sampling.fraction_of(lane)
        steps = with_fraction(job.index_fractions, first, fraction)
        if steps != job.index_fractions:
            await self._bookings.sampled(job, steps)
        return steps

    async def _publish(self, known: RunKnown, sequence: int, work: Work, steps: Steps) -> None:
        arrival = known.arrivals[sequence]
        topic, fraction = _where(arrival, work, steps)
        await self._outlet.hand_out(arrival, work, topic, fraction)


def _is_slow(job: JobRecord) -> bool:
    return job.recipe is None or job.recipe.lane is not Lane.FAST


def _where(arrival: FramesArrived, work: Work, steps: Steps) -> tuple[Topic, float]:
    """The topic of an arrival, and which fraction of it is indexed: all of what can wait."""
    if is_live(arrival, work):
        return live_work_of(work.recipe.lane), fraction_at(steps, arrival.sequence)
    return WORK_BATCH, 1.0


def _changed(job: JobRecord) -> JobChanged:
    if job.recipe is None:
        raise ValueError(f"job {job.job} has no recipe yet")
    return JobChanged(
        job=job.job,
        attempt=job.attempt,
        state=job.state,
        run=job.run,
        experiment=job.experiment,
        trial=job.trial,
        run_group=job.run_group,
        recipe=job.recipe,
        started_us=job.started_us,
        changed_us=job.changed_us,
        tags=job.tags,
    )
