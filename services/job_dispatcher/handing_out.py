"""Work into its topics, and again what was only screened, once there is room to index it whole.

Frames that were sampled out are sent to work-batch later, with everything selected: they are
processed when no live work waits, and a processed frame outranks a screened one. So the rates of a
run end as if it had never been sampled, also where the fraction moved with the sample (a run's
rates pool all its frames; while the fraction is below 1 they give periods of low fraction less
weight).
"""

from collections.abc import Callable

from libs.catalogue import JobRecord
from libs.messages import FramesArrived, Recipe, RunStarted
from libs.messages.topics import WORK_BATCH, WORK_REFERENCE, Topic
from libs.streams import Sink
from services.job_dispatcher import metrics
from services.job_dispatcher.bookings import Bookings
from services.job_dispatcher.core import RunBook, RunKnown, Work, chunks_of
from services.job_dispatcher.fractions import only_screened
from services.job_dispatcher.live_sampling import Sampling
from services.job_dispatcher.reference import reference_work

ARRIVALS_AT_ONCE = 50


def work_of(job: JobRecord, recipe: Recipe, started: RunStarted) -> Work:
    """What the chunks of the job's present attempt have in common."""
    return Work(
        job=job.job,
        attempt=job.attempt,
        recipe=recipe,
        started=started,
        live_from_us=job.live_from_us,
    )


class WorkOutlet:
    """Cuts arrivals into chunks and publishes them, and the sample for the reference lane."""

    def __init__(
        self,
        sink: Sink,
        *,
        chunk_frames: int,
        clock_us: Callable[[], int],
        reference_fraction: float = 0.0,
    ) -> None:
        self._sink, self._chunk_frames, self._clock_us = sink, chunk_frames, clock_us
        self._reference_fraction = reference_fraction

    async def hand_out(
        self, arrival: FramesArrived, work: Work, topic: Topic, fraction: float
    ) -> int:
        """Return when the chunks are durable; the moment that they carry (µs)."""
        now_us = self._clock_us()
        chunks = chunks_of(
            arrival,
            work,
            chunk_frames=self._chunk_frames,
            dispatched_us=now_us,
            index_fraction=fraction,
        )
        await self._sink.publish(chunks, topic=topic)
        sample = reference_work(chunks, self._reference_fraction)
        await self._sink.publish(sample, topic=WORK_REFERENCE)
        metrics.FRAMES_TOTAL.labels(WORK_REFERENCE.name).inc(sum(len(c.spans) for c in sample))
        metrics.CHUNKS_TOTAL.labels(topic.name).inc(len(chunks))
        metrics.FRAMES_TOTAL.labels(topic.name).inc(sum(span.count for span in arrival.spans))
        return now_us


class Completion:
    """Part by part, as long as its lane is not sampled; noted after each part."""

    def __init__(self, outlet: WorkOutlet, bookings: Bookings, sampling: Sampling | None) -> None:
        self._outlet, self._bookings, self._sampling = outlet, bookings, sampling

    async def step(self, book: RunBook) -> None:
        """The next part of each job that has frames left which were only screened."""
        for job in await self._bookings.incomplete():
            known = book.runs.get(job.run)
            if known is None or known.started is None or job.recipe is None:
                continue
            if self._sampling is None or self._sampling.fraction_of(job.recipe.lane) >= 1.0:
                await self._part(job, known, work_of(job, job.recipe, known.started))

    async def _part(self, job: JobRecord, known: RunKnown, work: Work) -> None:
        start, end = job.completed_sequence, job.next_sequence
        waiting = only_screened(known, job.index_fractions, start, end, job.live_from_us)
        part = waiting[:ARRIVALS_AT_ONCE]
        for sequence in part:
            sent_us = await self._outlet.hand_out(known.arrivals[sequence], work, WORK_BATCH, 1.0)
            if self._sampling is not None:
                self._sampling.can_wait(sent_us)
        await self._bookings.completed(job, end if part == waiting else part[-1] + 1)
