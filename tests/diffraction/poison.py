"""A worker's handler that does harm on request; no DIALS."""

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Poison:
    """Each task is a word, or a word with a number."""

    def __init__(self) -> None:
        self._ballast: list[bytes] = []

    def handle(self, task: tuple[str, float], progress: Callable[[Any], None]) -> Any:
        word, amount = task
        if word != "pid" and "POISON_MARK" in os.environ:
            Path(os.environ["POISON_MARK"]).touch()
        match word:
            case "pid":
                return os.getpid()
            case "segfault":
                progress("known before")
                ctypes.string_at(0)
            case "spin":
                progress("known before")
                while True:
                    pass
            case "sleep":
                time.sleep(amount)
            case "exit":
                os._exit(int(amount))
            case "raise":
                raise ValueError("poison")
            case "grow":
                self._ballast.append(os.urandom(1000) * int(amount * 1000))
                return os.getpid()
        return word


def make_poison() -> Poison:
    return Poison()


def never_starts() -> Poison:
    raise RuntimeError("this worker cannot start")


class PoisonedLanes:
    """Both lanes, and harm on request."""

    def __init__(self) -> None:
        from libs.diffraction.lane_handler import LaneHandler

        self._lanes, self._poison = LaneHandler(), Poison()

    def handle(self, task: Any, progress: Callable[[Any], None]) -> Any:
        return (self._poison if isinstance(task, tuple) else self._lanes).handle(task, progress)


def make_poisoned_lanes() -> PoisonedLanes:
    return PoisonedLanes()
