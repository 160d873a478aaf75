"""Advice of the jobs that are counted here: what is to be told now. Pure.

Episodes depend on frames alone (libs.crystallography.advice); the clock decides only how often to
look, whether an open run has fallen silent, and whether processing lags.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from libs.crystallography.advice import Adviser, Cause
from libs.crystallography.advice.lag import Backlog, lag_advice
from libs.crystallography.advice.lost import lost_advice
from libs.crystallography.advice.news import CURED, FOREVER, RUN_ENDED, WITHDRAWN, News, Record
from libs.crystallography.advice.settled import LOOKED_AT, Span, settled_frames
from libs.crystallography.rates import JobStatistics
from libs.crystallography.rates.classes import KNOWN
from libs.messages import AdviceCleared, AdviceRaised, JobId
from libs.messages.units import US_PER_SECOND
from services.stats_aggregator.knowledge import RunView

LOOK_EVERY_US = US_PER_SECOND
SILENT_US = LAGGING_US = 10 * US_PER_SECOND
GIVEN_UP_US = 600 * US_PER_SECOND
"""So long after the last result of an ended run its other frames are not expected any more."""


@dataclass(kw_only=True)
class Watch:
    """One job under advice: `changed_us` and `behind_us` are moments of the clock."""

    statistics: JobStatistics
    adviser: Adviser = field(default_factory=Adviser)
    looked_us: int = 0
    changed_us: int = 0
    n_changes: int = 0
    behind_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How far a job is: announced frames without a result, and whether more may come."""

    n_waiting: int
    is_open: bool
    spans: Sequence[Span]
    is_given_up: bool = False
    """Whether those that wait are not expected any more."""

    @property
    def is_over(self) -> bool:
        """Whether all is known that will ever be known."""
        return (self.n_waiting == 0 or self.is_given_up) and not self.is_open


class Advising:
    """All jobs of this process, and what was told of them by it or its forerunners."""

    def __init__(self) -> None:
        self._watched: dict[JobId, Watch] = {}
        self._records: dict[JobId, Record] = {}

    def remember(self, messages: Iterable[AdviceRaised | AdviceCleared]) -> None:
        """What stands in the topic `advice`, in its order; we know better of our own jobs."""
        own = frozenset(self._watched)
        self._records = {job: self._record(job) for job in own}
        for message in messages:
            if message.job not in own:
                self._record(message.job).remember(message)

    def forget(self, job: JobId) -> None:
        """The job was deleted, or is counted elsewhere."""
        self._watched.pop(job, None)
        self._records.pop(job, None)

    def rest(self, job: JobId) -> None:
        """The job left memory; what was told of it stays known."""
        self._watched.pop(job, None)

    def active(self, job: JobId) -> tuple[str, ...]:
        """The causes that are in force for a job."""
        record = self._records.get(job)
        return () if record is None else tuple(told.cause for told in record.in_force())

    def look(
        self,
        job: JobId,
        statistics: JobStatistics,
        run: RunView,
        now_us: int,
        *,
        is_stopped: bool = False,
    ) -> News:
        """What is to be told of a job now; at most once a second it is found out.

        What holds when a run is over ends with it, so that nothing alarms that nobody can cure; a
        stopped job is over whatever waits, an ended run when nothing came for ten minutes.
        """
        watch = self._watched.get(job)
        if watch is None or watch.statistics is not statistics:
            watch = self._watched[job] = Watch(statistics=statistics, changed_us=now_us)
        if 0 <= now_us - watch.looked_us < LOOK_EVERY_US:
            return ()
        watch.looked_us = now_us
        if watch.adviser.update(statistics):
            watch.changed_us = now_us
            watch.n_changes += 1
        if not len(watch.adviser.timeline):
            return self._record(job).news((), FOREVER, lambda e: watch.adviser.advice(job, e))
        waiting = 0 if is_stopped else max(0, run.n_announced - statistics.n_results)
        is_open = run.is_open and not is_stopped
        stage = Stage(
            n_waiting=waiting,
            is_open=is_open,
            spans=run.spans,
            is_given_up=waiting > 0 and not is_open and self._is_given_up(job, watch, now_us),
        )
        lost = () if is_stopped else self._on_lost(job, watch, stage, run.n_announced)
        on_frames = self._on_frames(job, watch, stage, now_us)
        return on_frames + self._on_backlog(job, watch, stage, now_us) + lost

    def _is_given_up(self, job: JobId, watch: Watch, now_us: int) -> bool:
        """Nothing came for long; a process that took over relies on what was told before."""
        if now_us - watch.changed_us >= GIVEN_UP_US:
            return True
        told = self._record(job).told_lost()
        return watch.n_changes <= 1 and any(one.since_us == watch.adviser.last_us for one in told)

    def _on_lost(self, job: JobId, watch: Watch, stage: Stage, n_announced: int) -> News:
        """Say how many frames never came; take it back when some do."""
        record, at_us = self._record(job), watch.adviser.last_us
        told = record.told_lost()
        messages: News = ()
        if not stage.is_given_up:
            messages = tuple(record.cleared(one, one.since_us, WITHDRAWN) for one in told)
        elif not told:
            raised = lost_advice(job, stage.n_waiting, n_announced, at_us)
            cleared = AdviceCleared(
                job=job, cause=raised.cause, since_us=at_us, cleared_us=at_us, because=RUN_ENDED
            )
            messages = (raised, cleared)
        for message in messages:
            record.remember(message)
        return messages

    def _on_frames(self, job: JobId, watch: Watch, stage: Stage, now_us: int) -> News:
        adviser = watch.adviser
        if stage.is_over:
            seen, until_us = adviser.at_end(), FOREVER
        else:
            until_us = _settled_until_us(watch.statistics, stage)
            seen = adviser.seen_at(until_us)
            is_idle = stage.n_waiting == 0
            if is_idle and now_us - watch.changed_us >= SILENT_US:
                seen += adviser.silence()
        return self._record(job).news(seen, until_us, lambda e: adviser.advice(job, e))

    def _on_backlog(self, job: JobId, watch: Watch, stage: Stage, now_us: int) -> News:
        record = self._record(job)
        backlog = Backlog(
            n_waiting=stage.n_waiting,
            frames_per_s=watch.adviser.frames_per_s(),
            is_open=stage.is_open,
        )
        told = [one for one in record.in_force() if one.cause == Cause.LAG]
        if not backlog.lags:
            watch.behind_us = None
        elif watch.behind_us is None:
            watch.behind_us = now_us
        messages: News = ()
        if told and (backlog.caught_up or stage.is_over):
            why = CURED if backlog.caught_up else RUN_ENDED
            messages = tuple(record.cleared(one, max(now_us, one.since_us), why) for one in told)
        elif not told and watch.behind_us is not None and now_us - watch.behind_us >= LAGGING_US:
            newest_us = watch.statistics.newest_ts_us() or now_us
            messages = (lag_advice(job, backlog, newest_us, now_us),)
        for message in messages:
            record.remember(message)
        return messages

    def _record(self, job: JobId) -> Record:
        return self._records.setdefault(job, Record(job))


def _settled_until_us(statistics: JobStatistics, stage: Stage) -> int:
    """Seconds that end by then are decided upon: their frames are known, as far as announced."""
    columns = statistics.columns
    rows = columns.order()[-LOOKED_AT:]
    rows = rows[(statistics.bits[rows] & KNOWN) > 0]
    if stage.n_waiting:
        rows = rows[: settled_frames(columns.rows["frame"][rows], stage.spans)]
    if len(rows) == 0:
        return 0
    return int(columns.rows["ts_us"][rows].max()) // US_PER_SECOND * US_PER_SECOND
