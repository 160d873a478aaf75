"""One whole stack for all system tests: real broker, database, Prometheus, DIALS, page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from libs.local_stack import ROOT, LocalStack
from tests.conftest import StackFactory
from tests.system.beamtime import Beamtime
from tests.system.flow import VICTIMS, Flow

SEED = Path(__file__).parent / "seed.toml"
SOURCES = """
[[sources]]
name = "jet"
experiment = "systest"
folder = "beamtime/jet"
mode = "status_file"

[[sources]]
name = "images"
experiment = "systest"
folder = "beamtime/images"
mode = "image_files"
file_number = '(\\d{9})$'
finished_after_s = 8
unreadable_after_s = 2
"""


@pytest.fixture(scope="session")
def whole_stack(stack: StackFactory) -> LocalStack:
    """All services and all infrastructure, with the tests' catalogue."""
    environment = {
        "frame_processor": {"STILLSTREAM_WORKERS": "2"},
        "job_dispatcher": {
            "STILLSTREAM_SAMPLING__ENABLED": "false",
            "STILLSTREAM_REFERENCE_FRACTION": "0.2",
        },
    }
    made = stack(sources=SOURCES, environment=environment)
    subprocess.run(
        [sys.executable, "-m", "libs.command_line", "trial", "seed", str(SEED)],
        cwd=ROOT,
        env={**os.environ, **made.env("editor")},
        check=True,
    )
    return made


@pytest.fixture(scope="session")
def beamtime(whole_stack: LocalStack) -> Beamtime:
    """Writes runs for the stack and reads back what came of them."""
    return Beamtime(whole_stack)


@pytest.fixture(scope="session")
def flow(stack: StackFactory) -> Flow:
    """Broker, database, Prometheus and the two services that count and store; no image is read."""
    return Flow(stack(services=VICTIMS, infrastructure=["kafka", "mariadb", "prometheus"]))
