"""What was advised of each job: what is in force, with what its run ended, what is over. Pure."""

from collections.abc import Iterable

import msgspec

from libs.crystallography.advice.news import RUN_ENDED, WITHDRAWN
from libs.messages import AdviceCleared, AdviceRaised, JobId

MOST_PAST = 20


class PastAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """Advice that is over: a bar on the time axis."""

    cause: str
    level: str
    since_us: int
    cleared_us: int


class AdviceBoard:
    """Learns in the topic's order; the last word on a cause and a moment counts."""

    def __init__(self) -> None:
        self._in_force: dict[JobId, dict[str, AdviceRaised]] = {}
        self._ended_with: dict[JobId, dict[str, AdviceRaised]] = {}
        self._past: dict[JobId, dict[tuple[str, int], PastAdvice]] = {}

    def learn(self, message: AdviceRaised | AdviceCleared) -> None:
        """Take what was told."""
        ended_with = self._ended_with.setdefault(message.job, {})
        past = self._past.setdefault(message.job, {})
        in_force = self._in_force.setdefault(message.job, {})
        over = past.pop((message.cause, message.since_us), None)
        if isinstance(message, AdviceRaised):
            in_force[message.cause] = message
            ended_with.pop(message.cause, None)
            return
        raised = in_force.pop(message.cause, None)
        level = raised.level if raised is not None else over.level if over is not None else None
        if message.because == RUN_ENDED and raised is not None:
            ended_with[message.cause] = raised
        elif message.because == WITHDRAWN:
            ended_with.pop(message.cause, None)
        if level is not None and message.because != WITHDRAWN:
            self._remember(past, message, level)

    def in_force(self, job: JobId) -> AdviceRaised | None:
        """The oldest advice in force for a job, `act` before `watch`."""
        return _first(self._in_force.get(job, {}).values())

    def ended_with(self, job: JobId) -> AdviceRaised | None:
        """What was wrong when the job's run ended, and was never cured."""
        return _first(self._ended_with.get(job, {}).values())

    def past(self, job: JobId) -> tuple[PastAdvice, ...]:
        """The last advice that is over, oldest first."""
        found = self._past.get(job, {}).values()
        return tuple(sorted(found, key=lambda one: (one.since_us, one.cause)))

    @staticmethod
    def _remember(
        past: dict[tuple[str, int], PastAdvice], message: AdviceCleared, level: str
    ) -> None:
        if message.cleared_us <= message.since_us:
            return  # a statement of a moment
        past[message.cause, message.since_us] = PastAdvice(
            cause=message.cause,
            level=level,
            since_us=message.since_us,
            cleared_us=message.cleared_us,
        )
        while len(past) > MOST_PAST:
            del past[min(past, key=lambda key: key[1])]


def _first(raised: Iterable[AdviceRaised]) -> AdviceRaised | None:
    return min(raised, key=lambda a: (a.level != "act", a.since_us, a.cause), default=None)
