"""How a benchmark prints what it measured: one JSON object a line, as `stillstream bench` reads."""

import json
import time
from collections.abc import Callable


def show(what: str, unit: str, ours: float, theirs: float, peer: str, goal: float) -> None:
    """`ours` and `theirs` in the same unit, more is better."""
    measured = {"ours": ours, "theirs": theirs, "peer": peer, "goal": goal}
    print(json.dumps({"what": what, "unit": unit, **measured}), flush=True)


def cpu_s(action: Callable[[], object], repeats: int = 3) -> float:
    """The least processor time of several runs: what other processes do does not count."""
    durations = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        durations.append(time.process_time() - started)
    return min(durations)
