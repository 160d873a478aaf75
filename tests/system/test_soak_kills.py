"""Twenty kills at random moments, broker and database among the victims, during one long run."""

import random
from collections.abc import Iterator
from time import monotonic, sleep

import pytest

from libs.local_stack import SERVICES
from tests.system.beamtime import Beamtime

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(3000)]
FRAMES, RATE_HZ, KILLS = 96, 2.0, 20
DEADLINE_S = 1500.0
VICTIMS = (*SERVICES, "kafka", "mariadb")


def pauses(seed: int) -> Iterator[tuple[str, float]]:
    """A victim and the seconds to wait before it is killed."""
    chance = random.Random(seed)
    for _ in range(KILLS):
        yield chance.choice(VICTIMS), chance.uniform(1.0, 8.0)


def test_random_kills_change_nothing(beamtime: Beamtime) -> None:
    beamtime.write(300, frames=FRAMES, rate_hz=RATE_HZ).join()
    beamtime.complete("jet", "r0300", DEADLINE_S)
    writer = beamtime.write(301, frames=FRAMES, rate_hz=RATE_HZ)
    beamtime.stored("jet", "r0301", 1)
    killed = []
    for victim, pause_s in pauses(seed=20261123):
        end = monotonic() + pause_s
        while monotonic() < end:
            sleep(0.1)
        if beamtime.stack.states()[victim].pid:
            beamtime.stack.kill(victim)
            killed.append(victim)
    writer.join()
    beamtime.complete("jet", "r0301", DEADLINE_S)
    print(f"killed {len(killed)}: {' '.join(killed)}")
    assert beamtime.rows("jet", "r0301") == beamtime.rows("jet", "r0300")
