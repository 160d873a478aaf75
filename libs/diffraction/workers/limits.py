"""How long one task may take, and how large a worker may grow."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """CPU time counts, since a busy machine must not change results; wall time catches hangs."""

    cpu_s: float = 60.0
    wall_s: float = 600.0
