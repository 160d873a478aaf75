"""Processing lags: a fact of the moment, judged by the clock, not by frames."""

from dataclasses import dataclass

from libs.crystallography.advice.causes import REMEDIES, Cause
from libs.messages import AdviceRaised, JobId

BEHIND_S, CAUGHT_UP_S = 15.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Frames that wait, and how fast they are taken (both of one run)."""

    n_waiting: int
    frames_per_s: float
    is_open: bool

    @property
    def seconds(self) -> float:
        """How much data-taking waits."""
        return self.n_waiting / self.frames_per_s if self.frames_per_s > 0 else 0.0

    @property
    def lags(self) -> bool:
        """Whether the answer comes too late to act on."""
        return self.is_open and self.seconds > BEHIND_S

    @property
    def caught_up(self) -> bool:
        """Whether it is live again."""
        return self.seconds < CAUGHT_UP_S


def lag_advice(job: JobId, backlog: Backlog, newest_ts_us: int, now_us: int) -> AdviceRaised:
    """The message; since when: what is known reaches to there."""
    remedy = REMEDIES[Cause.LAG]
    return AdviceRaised(
        job=job,
        cause=Cause.LAG.value,
        since_us=newest_ts_us,
        level=remedy.level,
        evidence=(
            f"{backlog.n_waiting} frames wait: {backlog.seconds:.0f} s of data taking",
            f"{backlog.frames_per_s:.0f} frames come each second",
        ),
        suggestion=remedy.suggestion,
        raised_us=now_us,
    )
