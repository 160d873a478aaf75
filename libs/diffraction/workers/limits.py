"""How long one task may take, and how large a worker may grow."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """CPU time counts, since a busy machine must not change results; wall time catches hangs."""

    cpu_s: float = 60.0
    wall_s: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a worker has used in all; `queued_s`: ready to work, but no processor was free."""

    wall_s: float
    cpu_s: float
    queued_s: float


def overdue(limits: Limits, before: Spent, now: Spent) -> str | None:
    """Why a task that began at `before` must end; None while it may go on.

    A worker of low priority may wait long for a processor: that is no hang.
    """
    cpu_s = now.cpu_s - before.cpu_s
    if cpu_s > limits.cpu_s:
        return f"stopped after {cpu_s:.0f} s of CPU time (limit {limits.cpu_s:g} s)"
    wall_s = now.wall_s - before.wall_s - (now.queued_s - before.queued_s)
    if wall_s > limits.wall_s:
        return f"stopped after {wall_s:.0f} s (limit {limits.wall_s:g} s): it seems to hang"
    return None
