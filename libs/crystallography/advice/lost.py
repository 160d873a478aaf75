"""Frames that were announced and have no result, of a run that has ended: said once, at its end.

A statement of a moment: raised and cleared at the same event time, so that nothing alarms of it and
every replay says the same.
"""

from libs.crystallography.advice.causes import REMEDIES, Cause
from libs.messages import AdviceRaised, JobId


def lost_advice(job: JobId, n_lost: int, n_announced: int, at_us: int) -> AdviceRaised:
    """The message; `at_us` is the end of the last second with frames."""
    counted = f"{n_lost} of {n_announced} announced frames have no result"
    return AdviceRaised(
        job=job,
        cause=Cause.MISSING.value,
        since_us=at_us,
        level=REMEDIES[Cause.MISSING].level,
        evidence=(f"{counted}: none came for ten minutes after the run's end",),
        suggestion="look for stopped workers and dead letters, then reprocess the job",
        raised_us=at_us,
    )
