"""What has to be said: the difference between what is true of the frames and what was told.

Told advice may come from an earlier process; episodes are recognised by cause and time, so that
nothing is raised twice. Late frames may take back what was told: it is then cleared at the moment
from which it was said to hold.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from libs.crystallography.advice.causes import Cause
from libs.crystallography.advice.history import Episode
from libs.messages import AdviceCleared, AdviceRaised, JobId

News = tuple[AdviceRaised | AdviceCleared, ...]
FOREVER = 1 << 62
CURED, RUN_ENDED, WITHDRAWN = "cured", "run_ended", "withdrawn"
"""Why an advice is no longer in force."""


@dataclass(kw_only=True)
class Told:
    """One advice that was published, and when it was cleared."""

    cause: str
    since_us: int
    raised_us: int
    cleared_us: int | None = None
    because: str = ""
    """Why it was cleared."""

    @property
    def is_moment(self) -> bool:
        """Whether it says something of a moment (see lost.py): it is no episode's."""
        return self.since_us == self.raised_us == self.cleared_us

    def overlaps(self, episode: Episode) -> bool:
        """Whether an episode is the same one, perhaps with other limits."""
        mine, its = self.cleared_us, episode.cleared_us
        return (
            self.cause == episode.cause
            and not self.is_moment
            and episode.raised_us <= (FOREVER if mine is None else mine)
            and self.raised_us <= (FOREVER if its is None else its)
        )


class Record:
    """Everything that was told of one job."""

    def __init__(self, job: JobId) -> None:
        self.job = job
        self.told: list[Told] = []

    def remember(self, message: AdviceRaised | AdviceCleared) -> None:
        """Take a published message, in the order of the topic."""
        known = self._find(message.cause, message.since_us)
        if isinstance(message, AdviceRaised):
            if known is not None:
                self.told.remove(known)
            self.told.append(
                Told(cause=message.cause, since_us=message.since_us, raised_us=message.raised_us)
            )
        elif known is not None:
            known.cleared_us, known.because = message.cleared_us, message.because

    def in_force(self) -> tuple[Told, ...]:
        """What was raised and not cleared."""
        return tuple(told for told in self.told if told.cleared_us is None)

    def told_lost(self) -> tuple[Told, ...]:
        """What was said of frames without a result, and not taken back."""
        return tuple(one for one in self.told if one.is_moment and one.because == RUN_ENDED)

    def news(
        self, seen: Iterable[Episode], until_us: int, advise: Callable[[Episode], AdviceRaised]
    ) -> News:
        """Messages that make what was told agree with the episodes seen until a moment."""
        messages: list[AdviceRaised | AdviceCleared] = []
        open_told = [told for told in self.told if told.cause != Cause.LAG]
        for episode in seen:
            known = next((told for told in open_told if told.overlaps(episode)), None)
            if known is None:
                messages += _whole(self.job, advise(episode), episode)
                continue
            open_told.remove(known)
            messages += self._continued(known, episode, advise)
        messages += self._taken_back(open_told, until_us)
        for message in messages:
            self.remember(message)
        return tuple(messages)

    def cleared(self, told: Told, cleared_us: int, because: str = CURED) -> AdviceCleared:
        """The message that ends an advice."""
        return AdviceCleared(
            job=self.job,
            cause=told.cause,
            since_us=told.since_us,
            cleared_us=cleared_us,
            because=because,
        )

    def _continued(
        self, known: Told, episode: Episode, advise: Callable[[Episode], AdviceRaised]
    ) -> Sequence[AdviceRaised | AdviceCleared]:
        if episode.cleared_us is not None and known.cleared_us is None:
            return [self.cleared(known, episode.cleared_us, _why(episode))]
        if episode.cleared_us is None and known.cleared_us is not None:
            return [advise(episode)]  # it was cleared too early: late frames say that it holds
        if episode.held_to_end and episode.cleared_us != known.cleared_us:
            return [self.cleared(known, episode.cleared_us or 0, RUN_ENDED)]
        return []

    def _taken_back(self, unseen: Iterable[Told], until_us: int) -> list[AdviceCleared]:
        return [
            self.cleared(told, told.since_us, WITHDRAWN)
            for told in unseen
            if told.cleared_us is None and told.raised_us <= until_us
        ]

    def _find(self, cause: str, since_us: int) -> Told | None:
        for told in self.told:
            if (told.cause, told.since_us) == (cause, since_us):
                return told
        return None


def _whole(
    job: JobId, raised: AdviceRaised, episode: Episode
) -> list[AdviceRaised | AdviceCleared]:
    if episode.cleared_us is None:
        return [raised]
    cleared = AdviceCleared(
        job=job,
        cause=raised.cause,
        since_us=raised.since_us,
        cleared_us=episode.cleared_us,
        because=_why(episode),
    )
    return [raised, cleared]


def _why(episode: Episode) -> str:
    return RUN_ENDED if episode.held_to_end else CURED
