"""Waits for a condition, with a deadline."""

import time
from collections.abc import Callable

PAUSE_S = 0.1


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """True as soon as the condition holds, False when it did not in time."""
    deadline = clock() + timeout_s
    while not condition():
        if clock() > deadline:
            return False
        pause(PAUSE_S)
    return True
