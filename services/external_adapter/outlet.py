"""What both kinds of source need: runs that nobody else announces, results of a job published."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from libs.external_results import EventTimes, ExternalFrame, batches_of
from libs.messages import JobChanged, Message, RunStarted
from libs.messages.topics import FRAMES
from libs.service_kit.metrics import MESSAGES_TOTAL
from libs.streams import DeadLetters, Sink
from services.external_adapter import metrics
from services.external_adapter.config import ExternalSource
from services.external_adapter.core import Known, RunKey, started
from services.external_adapter.metrics import NAME

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """Where results go, and what is known of runs and jobs."""

    sink: Sink
    dead_letters: DeadLetters
    known: Known

    async def run(
        self, source: ExternalSource, number: str, *, path: str, seen_us: int
    ) -> RunStarted | None:
        """The run of this number; announced now if the source is to do so."""
        key: RunKey = (source.experiment, source.run_source, number)
        if self.known.run(key) is None and source.announce_runs:
            run = started(key, path=path, started_us=seen_us, period_us=source.period_us)
            await self.sink.publish([run])
            self.known.take(run)
            LOG.info("run_announced", run=run.run)
        return self.known.run(key)

    async def publish(
        self,
        source: ExternalSource,
        frames: Sequence[ExternalFrame],
        run: RunStarted,
        job: JobChanged,
        *,
        written_us: int,
        file: str,
    ) -> None:
        """Return when the results are durable."""
        times = EventTimes(
            started_us=run.started_us,
            period_us=source.period_us or run.period_us,
            otherwise_us=written_us,
        )
        messages: list[Message] = list(
            batches_of(
                frames,
                job,
                times,
                system=source.name,
                first_frame=source.first_frame,
                file=file,
            )
        )
        await self.sink.publish(messages)
        metrics.FRAMES_TOTAL.labels(source.name).inc(len(frames))
        MESSAGES_TOTAL.labels(NAME, FRAMES.name, "out").inc(len(messages))
