"""How a task ended. `partial` is the last thing that the worker told before it was lost."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The worker answered; the answer may be an error that the handler raised."""

    value: Any
    worker: int
    """Process id."""


@dataclass(frozen=True, kw_only=True)
class Crashed:
    """The worker died."""

    reason: str
    partial: Any = None


@dataclass(frozen=True, kw_only=True)
class TimedOut:
    """The worker was killed by the watchdog."""

    reason: str
    partial: Any = None


Ended = Answered | Crashed | TimedOut
