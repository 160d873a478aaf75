"""What the aggregator decides: which results count, what to publish, what to keep. Pure.

Does not read or write anything, and learns the time from its caller.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from libs.crystallography.advice.news import News
from libs.crystallography.agreement import REFERENCE_LANE, agreement_of
from libs.crystallography.cell_groups import cell_groups
from libs.crystallography.cells import knows_cell
from libs.crystallography.rates import JobStatistics, Rules
from libs.crystallography.rates.index import IntArray
from libs.messages import (
    Agreement,
    FramesProcessed,
    JobChanged,
    JobId,
    JobState,
    Lane,
    Message,
    RatesUpdated,
    StatisticsBar,
)
from services.stats_aggregator.advising import Advising
from services.stats_aggregator.knowledge import Knowledge
from services.stats_aggregator.partition import PartitionState

US_PER_MS = 1000
UNSETTLED = 30
"""So many times as long jobs stay in memory whose rates are preliminary."""


class Aggregation:
    """All partitions of this process, what is known of jobs and runs, and what was published."""

    def __init__(self) -> None:
        self.knowledge = Knowledge()
        self.partitions: dict[int, PartitionState] = {}
        self._changed: set[JobId] = set()
        self._published: dict[JobId, RatesUpdated] = {}
        self._touched_us: dict[JobId, int] = {}
        self.advising = Advising()

    def learn(self, message: Message) -> None:
        """Take a fact about a run or a job."""
        self._changed |= self.knowledge.learn(message)

    def remember_published(self, messages: Iterable[RatesUpdated]) -> None:
        """What stands in the `rates` topic: revisions rise from there, repetitions are saved."""
        for message in messages:
            known = self._published.get(message.job)
            if known is None or message.revision > known.revision:
                self._published[message.job] = message

    def drop(self, partition: int) -> None:
        """Another process counts this partition from now on."""
        state = self.partitions.pop(partition, None)
        for job in state.jobs if state is not None else ():
            self.advising.forget(job)

    def adopt(self, state: PartitionState) -> None:
        """Take over a partition; all its jobs are looked at again."""
        self.partitions[state.number] = state
        self._changed |= state.jobs

    def take(self, partition: int, offset: int, batch: FramesProcessed) -> int:
        """Count a message, unless the checkpoint holds it; gives the number of changed frames.

        Raises BadMessageError.
        """
        is_wanted = self.wants(partition, offset, batch)
        n_changed = len(self.count(partition, [batch])) if is_wanted else 0
        self.partitions[partition].skip(offset)
        return n_changed

    def wants(self, partition: int, offset: int, batch: FramesProcessed) -> bool:
        """Whether a message is not yet counted, and its job was not deleted."""
        is_new = offset >= self.partitions[partition].next_offset
        return is_new and not self.knowledge.is_deleted(batch.job)

    def count(self, partition: int, batches: Sequence[FramesProcessed]) -> IntArray:
        """Count messages of one job and lane at once; gives the frames that changed.

        Raises BadMessageError.
        """
        changed = self.partitions[partition].count(batches)
        if len(changed):
            self._changed.add(batches[0].job)
        return changed

    def deletions(self) -> tuple[JobId, ...]:
        """Jobs that were deleted: their statistics go, and their rates need a tombstone."""
        gone = tuple(job for job in sorted(self._changed) if self.knowledge.is_deleted(job))
        for job in gone:
            for state in self.partitions.values():
                state.forget(job)
            self._touched_us.pop(job, None)
            self.advising.forget(job)
        self._changed -= set(gone)
        return tuple(job for job in gone if self._published.pop(job, None) is not None)

    def updates(self, now_us: int) -> tuple[RatesUpdated, ...]:
        """The rates of our jobs that changed since the last call and say something new."""
        restless = {job for jobs in self.restless().values() for job in jobs}
        changed, self._changed = self._changed - restless, restless
        self._touched_us |= dict.fromkeys(changed, now_us)
        messages = []
        for job in sorted(changed):
            statistics = self.statistics_of(job)
            if statistics is None:
                continue
            message = self._rates(self.knowledge.jobs[job], statistics, now_us)
            if message is not None:
                messages.append(message)
                self._published[job] = message
        return tuple(messages)

    def advice(self, now_us: int) -> News:
        """What has to be told of causes that came or went; a job is looked at once a second."""
        messages: News = ()
        for job in sorted(
            {job for state in self.partitions.values() for job, _ in state.statistics}
        ):
            statistics = self.statistics_of(job)
            if statistics is not None:
                known = self.knowledge.jobs[job]
                messages += self.advising.look(
                    job,
                    statistics,
                    self.knowledge.run(known.run),
                    now_us,
                    is_stopped=known.state is JobState.STOPPED,
                )
        return messages

    def restless(self) -> dict[int, list[JobId]]:
        """Per partition the sleeping jobs whose rates rest on what is no longer so."""
        return {
            state.number: [
                job
                for job in sorted(self._changed & state.asleep.keys())
                if state.asleep[job].settled != self.knowledge.settled(job)
                and not self.knowledge.is_deleted(job)
            ]
            for state in self.partitions.values()
        }

    def wake(self, state: PartitionState, job: JobId, segments: Mapping[str, bytes]) -> None:
        """Bring a job back into memory. Raises ValueError or KeyError for damaged segments."""
        state.wake(job, segments)
        self._changed.add(job)

    def put_to_sleep(self, idle_us: int, now_us: int) -> tuple[JobId, ...]:
        """Drop jobs from memory of which nothing new came for so long; gives them.

        It is thirty times as long while their rates are preliminary. What they hold is durable.
        """
        gone = []
        for state in self.partitions.values():
            for job in sorted({job for job, _ in state.statistics}):
                if self._is_idle(job, idle_us, now_us) and state.is_durable(job):
                    state.sleep(job, self.knowledge.settled(job))
                    self._touched_us.pop(job, None)
                    self.advising.rest(job)
                    gone.append(job)
        return tuple(gone)

    def statistics_of(self, job: JobId) -> JobStatistics | None:
        """The statistics of a job in its own lane, None where they are not ours or not known."""
        known = self.knowledge.jobs.get(job)
        if known is None or known.state is JobState.DELETED:
            return None
        return self._in_lane(known, known.recipe.lane)

    def _in_lane(self, known: JobChanged, lane: Lane) -> JobStatistics | None:
        for state in self.partitions.values():
            statistics = state.statistics.get((known.job, lane))
            if statistics is not None:
                statistics.set_rules(Rules(cutoffs=known.recipe.cutoffs, attempt=known.attempt))
                return statistics
        return None

    def current(self) -> RatesUpdated | None:
        """The last word on the newest run that is being counted here, active jobs first."""
        ours = frozenset(job for state in self.partitions.values() for job in state.jobs)
        candidates = [
            (known.state is JobState.ACTIVE, known.started_us, job)
            for job, known in self.knowledge.jobs.items()
            if job in self._published and known.state is not JobState.DELETED and job in ours
        ]
        return self._published[max(candidates)[2]] if candidates else None

    def _is_idle(self, job: JobId, idle_us: int, now_us: int) -> bool:
        last = self._published.get(job)
        is_final = last is not None and not last.preliminary
        touched_us = self._touched_us.setdefault(job, now_us)
        is_quiet = now_us - touched_us >= idle_us * (1 if is_final else UNSETTLED)
        return is_quiet and job not in self._changed and not self._has_to_end(job)

    def _has_to_end(self, job: JobId) -> bool:
        """Whether its run has ended and something is still said to hold."""
        known = self.knowledge.jobs.get(job)
        is_over = known is not None and not self.knowledge.run(known.run).is_open
        return is_over and bool(self.advising.active(job))

    def _agreement(self, job: JobChanged, own: JobStatistics) -> Agreement | None:
        """With the reference lane, for jobs of other lanes."""
        if job.recipe.lane is REFERENCE_LANE:
            return None
        reference = self._in_lane(job, REFERENCE_LANE)
        return None if reference is None else agreement_of(own, reference)

    def _rates(
        self, job: JobChanged, statistics: JobStatistics, now_us: int
    ) -> RatesUpdated | None:
        run, summary = self.knowledge.run(job.run), statistics.summary()
        n_waiting = max(0, run.n_announced - statistics.n_results)
        before = self._published.get(job.job)
        message = RatesUpdated(
            job=job.job,
            attempt=statistics.rules.attempt,
            run=job.run,
            revision=max(before.revision + 1 if before else 1, now_us // US_PER_MS),
            summary=summary,
            live=statistics.live_windows(),
            preliminary=run.is_open or n_waiting > 0,
            newest_ts_us=statistics.newest_ts_us(),
            updated_us=now_us,
            n_announced=run.n_announced,
            n_waiting=n_waiting,
            index_fraction=_sampled_fraction(summary),
            agreement=self._agreement(job, statistics),
            cells=() if knows_cell(job.recipe.phil) else cell_groups(statistics),
        )
        return None if before is not None and _says_the_same(before, message) else message


def _sampled_fraction(bar: StatisticsBar) -> float:
    """Which part of the frames was selected for indexing, counted rather than declared."""
    return bar.n_selected / bar.n_processed if bar.n_processed else 1.0


def _says_the_same(a: RatesUpdated, b: RatesUpdated) -> bool:
    return a == msgspec.structs.replace(b, revision=a.revision, updated_us=a.updated_us)
