"""kill -9 of each service during a run: afterwards rows and rates are those of a quiet run."""

from pathlib import Path

import pytest

from libs.local_stack import SERVICES
from tests.system.beamtime import Beamtime, Rows, wait_for

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
FRAMES, RATE_HZ, KILL_AFTER = 24, 8.0, 5
QUIET = 100


@pytest.fixture(scope="module")
def quiet_run(beamtime: Beamtime) -> Rows:
    """The rows of a run during which nothing was killed."""
    beamtime.write(QUIET, frames=FRAMES, rate_hz=RATE_HZ).join()
    beamtime.complete("jet", f"r{QUIET:04d}")
    return beamtime.rows("jet", f"r{QUIET:04d}")


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_changes_nothing(
    service: str, beamtime: Beamtime, quiet_run: Rows
) -> None:
    number = QUIET + 1 + SERVICES.index(service)
    writer = beamtime.write(number, frames=FRAMES, rate_hz=RATE_HZ)
    beamtime.stored("jet", f"r{number:04d}", KILL_AFTER)
    old = beamtime.stack.kill(service)
    wait_for(f"the end of {service}", lambda: not Path(f"/proc/{old}").exists())
    writer.join()
    beamtime.complete("jet", f"r{number:04d}")
    assert beamtime.rows("jet", f"r{number:04d}") == quiet_run
    assert beamtime.stack.pid(service) != old
