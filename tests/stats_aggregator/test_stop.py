"""Told to stop when everything around it is gone: what only a real process and broker can show."""

import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import StackFactory

pytestmark = pytest.mark.system
PATIENCE_S = 240.0


def test_it_ends_after_its_supervisor_and_its_broker(stack: StackFactory) -> None:
    """A supervisor that is killed takes the log's reader with it, and the broker ends too."""
    made = stack(services=[], infrastructure=["kafka"])
    process = subprocess.Popen(
        [sys.executable, "-m", "services.stats_aggregator"],
        env=os.environ
        | {"STILLSTREAM_KAFKA__BOOTSTRAP": made.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("partitions_adopted" in line for line in process.stdout)
        process.stdout.close()
        made.kill("kafka")
        made.stop("kafka")
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        made.down()
