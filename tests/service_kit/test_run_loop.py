"""The loop turns until it is told to stop; the process says by its exit status how it ended."""

import asyncio
import signal
import subprocess
import sys

import pytest

from libs.service_kit import turn_until_stopped

PROGRAM = """
import sys
from libs.service_kit import ServiceSettings, run_service

class Turning:
    async def step(self):
        print("turning", flush=True)
        if sys.argv[1] == "fail":
            raise RuntimeError("disk is on fire")
        import asyncio; await asyncio.sleep(0.01)

async def build(stack):
    return Turning()

run_service("example", ServiceSettings(), build)
"""


class CountsToThree:
    def __init__(self, stop: asyncio.Event) -> None:
        self.turns, self._stop = 0, stop

    async def step(self) -> None:
        self.turns += 1
        if self.turns == 3:
            self._stop.set()


async def test_turns_until_stopped() -> None:
    stop = asyncio.Event()
    service = CountsToThree(stop)
    await turn_until_stopped("example", service, stop)
    assert service.turns == 3


async def test_an_error_ends_the_loop() -> None:
    class Broken:
        async def step(self) -> None:
            raise RuntimeError("disk is on fire")

    with pytest.raises(RuntimeError, match="disk is on fire"):
        await turn_until_stopped("example", Broken(), asyncio.Event())


def test_sigterm_ends_with_status_0() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "turn"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"turning\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0
    assert b"service_stopped" in errors


def test_a_fatal_error_ends_with_status_1_and_says_why() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "fail"], capture_output=True, timeout=240, check=False
    )
    assert done.returncode == 1
    assert b"disk is on fire" in done.stderr
