"""Small detectors and plans, so that a test of a frame takes milliseconds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from libs.simulation import (
    QUICK_DETECTOR,
    Beamline,
    BeamlineSettings,
    Kind,
    Plan,
    RunRequest,
)

QUICK = BeamlineSettings(detector=QUICK_DETECTOR)
START_US = 1_800_000_000_000_000


@pytest.fixture(scope="session")
def beamline() -> Beamline:
    return Beamline(QUICK)


@pytest.fixture
def request_run(tmp_path: Path) -> Callable[..., RunRequest]:
    """A request for a short run; every choice can be overridden."""

    def make(**choices: object) -> RunRequest:
        defaults: dict[str, object] = {
            "out": tmp_path / "source",
            "scenario": Plan(kinds=(Kind.JET, Kind.HIT, Kind.DARK)),
            "frames": 5,
            "beamline": QUICK,
            "start_us": START_US,
        }
        return RunRequest(**(defaults | choices))  # type: ignore[arg-type]

    return make
