"""What the page can be shown at present: the list of jobs, their columns, rates, advice. Pure.

Learns from messages and from what the database holds; asks nobody, and is told the revision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from libs.crystallography.rates import Rows
from libs.messages import (
    AdviceCleared,
    AdviceRaised,
    Cutoffs,
    FramesProcessed,
    JobChanged,
    JobId,
    JobState,
    Lane,
    Message,
    RatesUpdated,
    RunEnded,
    RunId,
)
from services.live_view.advice_board import AdviceBoard
from services.live_view.held_job import HeldJob, Positions


class ShownJob(msgspec.Struct, frozen=True, kw_only=True):
    """One job of the list, as the database has it."""

    id: int
    job: JobId
    attempt: int
    run: RunId
    experiment: str
    number: str
    tags: tuple[str, ...]
    trial: int
    lane: Lane
    d_min_angstrom: float
    state: JobState
    open: bool
    started_us: int
    n_announced: int
    cutoffs: Cutoffs


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What readers must hear of."""

    jobs: bool = False
    frames: frozenset[JobId] = frozenset()
    rates: tuple[RatesUpdated, ...] = ()


class Showcase:
    """The state behind the page; keeps the columns of a limited number of jobs."""

    def __init__(self, *, most_jobs: int) -> None:
        self._most_jobs = most_jobs
        self._listed: dict[int, ShownJob] = {}
        self._held: dict[JobId, HeldJob] = {}
        self._told: dict[JobId, JobChanged] = {}
        self._ended: set[RunId] = set()
        self._rates: dict[JobId, RatesUpdated] = {}
        self.advice = AdviceBoard()
        self.is_listed = False

    # ---- what it is told -------------------------------------------------------------------

    def list_jobs(self, jobs: Iterable[ShownJob]) -> Changes:
        """The database's list, oldest first."""
        before, self._listed = self._listed, {job.id: job for job in jobs}
        names = {job.job for job in self._listed.values()}
        if self.is_listed:
            for gone in {job.job for job in before.values()} - names:
                self._held.pop(gone, None)
        first, self.is_listed = not self.is_listed, True
        return Changes(jobs=first or before != self._listed)

    def learn(self, message: Message, revision: int) -> Changes:
        """A fact from the topics `runs`, `jobs`, `rates` and `advice`."""
        match message:
            case JobChanged():
                return self._learn_job(message, revision)
            case RunEnded():
                self._ended.add(message.run)
                return Changes(jobs=True)
            case RatesUpdated():
                return self._learn_rates(message)
            case AdviceRaised() | AdviceCleared():
                self.advice.learn(message)
                return self._rates_again(message.job)
        return Changes()

    def forget_rates(self, job: JobId) -> None:
        """The job's rates were deleted."""
        self._rates.pop(job, None)

    def take(self, batch: FramesProcessed, revision: int) -> Changes:
        """Results from the tail of `frames`; raises BadMessageError."""
        held = self._held.get(batch.job)
        changed = held is not None and held.take(batch, revision)
        return Changes(frames=frozenset({batch.job} if changed else ()))

    def take_stored(self, job: ShownJob, rows: Rows, stored: Positions, revision: int) -> Changes:
        """A job's rows from the database, which holds all records below these offsets."""
        held = self._held.get(job.job)
        if held is None:
            return Changes()
        changed = held.take_stored(rows, revision, complete=held.is_covered_by(stored))
        return Changes(frames=frozenset({job.job} if changed else ()))

    def hold(self, job: ShownJob, tail: Positions, revision: int) -> HeldJob:
        """Keep a job's columns from now on, dropping one that was not asked for lately."""
        held = self._held.pop(job.job, None)
        if held is None or held.lane is not job.lane:
            held = HeldJob(job.lane, tail_from=tail, revision=revision)
        told = self._told.get(job.job)
        held.announce_attempt(max(job.attempt, told.attempt if told else 0), revision)
        self._held[job.job] = held
        self._drop_surplus()
        return held

    def release(self, job: JobId) -> None:
        """Keep a job's columns no longer."""
        self._held.pop(job, None)

    # ---- what it is asked ------------------------------------------------------------------

    def jobs(self) -> tuple[ShownJob, ...]:
        """The list, with what the topics say since."""
        return tuple(self._fresh(job) for job in self._listed.values())

    def job(self, number: int) -> ShownJob | None:
        """A job by its id."""
        found = self._listed.get(number)
        return None if found is None else self._fresh(found)

    def number_of(self, job: JobId) -> int | None:
        """The id of a job."""
        return next((n for n, listed in self._listed.items() if listed.job == job), None)

    def held(self, job: JobId) -> HeldJob | None:
        """The columns of a job, where they are kept."""
        return self._held.get(job)

    @property
    def n_held(self) -> int:
        """How many jobs' columns are kept."""
        return len(self._held)

    def missing(self) -> Sequence[ShownJob]:
        """Jobs that should be kept (the newest, and those asked for) and are not complete yet."""
        newest = self._newest()
        wanted = [j for j in self._listed.values() if j.job in self._held or j.job in newest]
        return [job for job in wanted if not self._is_loaded(job.job)]

    def rates(self) -> tuple[RatesUpdated, ...]:
        """The newest rates of every listed job."""
        shown = (self._rates.get(job.job) for job in self._listed.values())
        return tuple(rates for rates in shown if rates is not None)

    # ---- inside ----------------------------------------------------------------------------

    def _newest(self) -> frozenset[JobId]:
        """Jobs that stay in memory whatever else is asked for: half of the room."""
        half = max(1, self._most_jobs // 2)
        return frozenset(job.job for job in list(self._listed.values())[-half:])

    def _drop_surplus(self) -> None:
        newest = self._newest()
        surplus = len(self._held) - self._most_jobs
        for job in [job for job in self._held if job not in newest][: max(0, surplus)]:
            del self._held[job]

    def _learn_job(self, message: JobChanged, revision: int) -> Changes:
        known = self._told.get(message.job)
        if known is not None and message.attempt < known.attempt:
            return Changes()
        self._told[message.job] = message
        held = self._held.get(message.job)
        restarted = held is not None and held.announce_attempt(message.attempt, revision)
        return Changes(jobs=True, frames=frozenset({message.job} if restarted else ()))

    def _learn_rates(self, message: RatesUpdated) -> Changes:
        known = self._rates.get(message.job)
        if known is not None and message.revision < known.revision:
            return Changes()
        self._rates[message.job] = message
        return Changes(rates=(message,))

    def _rates_again(self, job: JobId) -> Changes:
        rates = self._rates.get(job)
        return Changes(rates=() if rates is None else (rates,))

    def _is_loaded(self, job: JobId) -> bool:
        held = self._held.get(job)
        return held is not None and held.is_loaded

    def _fresh(self, job: ShownJob) -> ShownJob:
        told, rates = self._told.get(job.job), self._rates.get(job.job)
        return msgspec.structs.replace(
            job,
            open=job.open and job.run not in self._ended,
            n_announced=max(job.n_announced, rates.n_announced if rates else 0),
            state=told.state if told else job.state,
            cutoffs=told.recipe.cutoffs if told else job.cutoffs,
        )
