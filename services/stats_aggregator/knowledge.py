"""What the aggregator knows of jobs and runs, whatever it counts. Pure."""

from libs.crystallography.advice.settled import Span, merged
from libs.messages import (
    Cutoffs,
    FramesArrived,
    JobChanged,
    JobId,
    JobState,
    Lane,
    Message,
    RunEnded,
    RunId,
    RunStarted,
    Settled,
)

UNKNOWN = Settled(attempt=0, lane=Lane.OTHER, cutoffs=Cutoffs(), n_announced=0, is_open=True)
"""What rests on nothing: any word on the job changes it."""


class RunView:
    """How many frames of a run were announced, and whether more will come."""

    def __init__(self) -> None:
        self._started = False
        self._n_at_end: int | None = None
        self._announced: dict[int, int] = {}
        self._spans: tuple[Span, ...] = ()

    @property
    def n_announced(self) -> int:
        """Frames announced; a repeated announcement counts once."""
        return max(sum(self._announced.values()), self._n_at_end or 0)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Announced frame numbers, in order, neighbours joined."""
        return self._spans

    @property
    def is_open(self) -> bool:
        """Whether more frames may come; so too while nothing is known of the run."""
        return self._n_at_end is None

    def learn(self, message: RunStarted | FramesArrived | RunEnded) -> None:
        """Take a fact about this run, in any order, any number of times."""
        match message:
            case FramesArrived():
                self._learn_spans(message)
            case RunEnded():
                self._n_at_end = max(message.n_frames, self._n_at_end or 0)
            case RunStarted():
                self._started = True

    def _learn_spans(self, message: FramesArrived) -> None:
        self._announced[message.sequence] = sum(span.count for span in message.spans)
        spans = [(span.first_frame, span.count) for span in message.spans if span.count > 0]
        self._spans = merged([*self._spans, *spans])


class Knowledge:
    """The newest word on every job, and a view of every run."""

    def __init__(self) -> None:
        self.jobs: dict[JobId, JobChanged] = {}
        self._runs: dict[RunId, RunView] = {}
        self._jobs_of: dict[RunId, set[JobId]] = {}

    def learn(self, message: Message) -> frozenset[JobId]:
        """Take a message of the topics `runs` and `jobs`; gives the jobs that it concerns."""
        match message:
            case JobChanged():
                return self._learn_job(message)
            case RunStarted() | FramesArrived() | RunEnded():
                self.run(message.run).learn(message)
                return frozenset(self._jobs_of.get(message.run, ()))
        return frozenset()

    def run(self, run: RunId) -> RunView:
        """What is known of a run."""
        return self._runs.setdefault(run, RunView())

    def is_deleted(self, job: JobId) -> bool:
        """Whether the job was deleted: its results are not wanted any more."""
        known = self.jobs.get(job)
        return known is not None and known.state is JobState.DELETED

    def settled(self, job: JobId) -> Settled:
        """What a job's rates rest on besides its frames."""
        known = self.jobs.get(job)
        if known is None:
            return UNKNOWN
        run = self.run(known.run)
        return Settled(
            attempt=known.attempt,
            lane=known.recipe.lane,
            cutoffs=known.recipe.cutoffs,
            n_announced=run.n_announced,
            is_open=run.is_open,
        )

    def _learn_job(self, message: JobChanged) -> frozenset[JobId]:
        known = self.jobs.get(message.job)
        if known is not None and message.attempt < known.attempt:
            return frozenset()
        self.jobs[message.job] = message
        self._jobs_of.setdefault(message.run, set()).add(message.job)
        return frozenset({message.job})
