"""Long-lived worker processes: one task at a time each, watched, replaced when they die."""

from libs.diffraction.workers.limits import Limits
from libs.diffraction.workers.outcomes import Answered, Crashed, Ended, TimedOut
from libs.diffraction.workers.pool import PoolClosedError, WorkerPool
from libs.diffraction.workers.worker import WorkerStartError

__all__ = [
    "Answered",
    "Crashed",
    "Ended",
    "Limits",
    "PoolClosedError",
    "TimedOut",
    "WorkerPool",
    "WorkerStartError",
]
