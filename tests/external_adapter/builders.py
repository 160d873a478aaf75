"""A run, and a job of it that takes results of another system."""

import msgspec

from libs import messages as m
from tests.catalogue.builders import NOW, RUN, started

JOB = m.job_id(RUN, 1, 1)
__all__ = ["JOB", "NOW", "RUN", "job", "started"]


def job(**changes: object) -> m.JobChanged:
    made = m.JobChanged(
        job=JOB,
        attempt=1,
        state=m.JobState.ACTIVE,
        run=RUN,
        experiment="mx2471",
        trial=1,
        run_group=1,
        recipe=m.Recipe(phil="", d_min_angstrom=2.0, lane=m.Lane.EXTERNAL),
        started_us=NOW,
        changed_us=NOW,
    )
    return msgspec.structs.replace(made, **changes)
