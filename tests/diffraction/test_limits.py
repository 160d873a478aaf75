"""When a task is overdue: by its own CPU time, or by time in which it did not even ask for any."""

import os

from libs.diffraction.workers.limits import Limits, Spent, overdue
from libs.diffraction.workers.process_table import queued_seconds

LIMITS = Limits(cpu_s=60.0, wall_s=600.0)
BEFORE = Spent(wall_s=1000.0, cpu_s=500.0, queued_s=20.0)


def after(*, wall_s: float, cpu_s: float = 0.0, queued_s: float = 0.0) -> Spent:
    return Spent(
        wall_s=BEFORE.wall_s + wall_s,
        cpu_s=BEFORE.cpu_s + cpu_s,
        queued_s=BEFORE.queued_s + queued_s,
    )


def test_a_task_may_use_its_limits() -> None:
    assert overdue(LIMITS, BEFORE, after(wall_s=599.0, cpu_s=59.0)) is None


def test_cpu_time_counts_even_when_little_of_it_is_had() -> None:
    reason = overdue(LIMITS, BEFORE, after(wall_s=6000.0, cpu_s=61.0, queued_s=5900.0))
    assert reason is not None
    assert "61 s of CPU time" in reason


def test_a_task_that_sleeps_too_long_hangs() -> None:
    reason = overdue(LIMITS, BEFORE, after(wall_s=601.0, cpu_s=1.0))
    assert reason is not None
    assert "hang" in reason


def test_waiting_for_a_processor_is_no_hang() -> None:
    assert overdue(LIMITS, BEFORE, after(wall_s=5000.0, cpu_s=50.0, queued_s=4700.0)) is None


def test_the_kernel_counts_the_waiting() -> None:
    before = queued_seconds(os.getpid())
    assert 0.0 <= before <= queued_seconds(os.getpid())
    assert queued_seconds(1 << 30) == 0.0
