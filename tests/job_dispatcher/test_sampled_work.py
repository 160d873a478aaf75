"""The sampled fraction on its way into the work: durable first, the same after every crash."""

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue import find_job, in_transaction
from libs.catalogue.jobs import restart_job
from libs.messages.topics import WORK_BATCH, WORK_LIVE_DIALS
from services.job_dispatcher.core import CHUNKS_PER_ARRIVAL, Work
from tests.catalogue.builders import NOW, RUN, add_trial, arrived, started
from tests.job_dispatcher.harness import Harness

pytestmark = pytest.mark.system
JOB = m.job_id(RUN, 1, 1)


class Wanted:
    """A sampler that wants what the test says."""

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction
        self.later: list[int] = []

    def fraction_of(self, lane: m.Lane) -> float:
        return self.fraction

    def expect(self, work: Work) -> None:
        pass

    def can_wait(self, dispatched_us: int) -> None:
        self.later.append(dispatched_us)

    async def step(self, now_us: int) -> None:
        pass


def fractions(harness: Harness) -> dict[int, set[float]]:
    found: dict[int, set[float]] = {}
    for chunk in harness.chunks(WORK_LIVE_DIALS):
        found.setdefault(chunk.chunk // CHUNKS_PER_ARRIVAL, set()).add(chunk.index_fraction)
    return found


async def test_new_arrivals_carry_the_fraction_that_is_wanted_then(editor: AsyncEngine) -> None:
    await add_trial(editor)
    wanted = Wanted(1.0)
    here = await Harness(editor, [started(), arrived(0)], sampling=wanted).step()
    wanted.fraction = 0.25
    await here.step(arrived(1))
    await here.step(arrived(2))
    wanted.fraction = 1.0
    await here.step(arrived(3))
    assert fractions(here) == {0: {1.0}, 1: {0.25}, 2: {0.25}, 3: {1.0}}
    job = await in_transaction(editor, lambda c: find_job(c, JOB))
    assert job.index_fractions == ((1, 0.25), (3, 1.0))


class KilledError(Exception):
    """The process is gone."""


@pytest.mark.parametrize("moment", ["sampled", "sent"])
async def test_work_sent_again_after_a_crash_carries_the_same_fraction(
    editor: AsyncEngine, moment: str
) -> None:
    await add_trial(editor)
    log = [started(), arrived(0), arrived(1)]
    first = await Harness(editor, log, sampling=Wanted(0.5)).step()
    setattr(first.dispatcher._bookings, moment, _die)
    first.dispatcher._sampling.fraction = 0.125
    with pytest.raises(KilledError):
        await first.step(arrived(2), arrived(3))
    log = [*log, arrived(2), arrived(3)]
    second = Harness(editor, log, sampling=Wanted(1.0), inherited=True)
    await second.step()
    known = {c.chunk: c.index_fraction for c in first.chunks(WORK_LIVE_DIALS)}
    again = {c.chunk: c.index_fraction for c in second.chunks(WORK_LIVE_DIALS)}
    assert again
    assert all(known.get(chunk, fraction) == fraction for chunk, fraction in again.items())
    await second.step(arrived(4))
    assert fractions(second)[4] == {1.0}


async def _die(job: object, what: object) -> None:
    raise KilledError


async def test_what_can_wait_is_indexed_whole(editor: AsyncEngine) -> None:
    await add_trial(editor)
    here = Harness(editor, [started(), arrived(0), arrived(1)], sampling=Wanted(0.25))
    await here.step()
    await in_transaction(editor, lambda c: restart_job(c, 1, now_us=NOW + 1000))
    await here.step()
    assert {c.index_fraction for c in here.chunks(WORK_LIVE_DIALS)} == {0.25}
    assert {c.index_fraction for c in here.chunks(WORK_BATCH)} == {1.0}
    await here.step(arrived(2, announced_us=NOW + 2000))
    assert fractions(here)[2] == {0.25}


async def test_when_there_is_room_again_the_rest_is_indexed_once(editor: AsyncEngine) -> None:
    await add_trial(editor)
    wanted = Wanted(1.0)
    here = await Harness(editor, [started(), arrived(0)], sampling=wanted).step()
    wanted.fraction = 0.25
    await here.step(arrived(1), arrived(2))
    await here.step()
    assert here.batch() == []
    wanted.fraction = 1.0
    await here.step(arrived(3))
    for _ in range(3):
        await here.step()
    assert here.batch() == list(range(10, 30))
    assert {c.index_fraction for c in here.chunks(WORK_BATCH)} == {1.0}
    assert {c.chunk for c in here.chunks(WORK_BATCH)} <= {
        c.chunk for c in here.chunks(WORK_LIVE_DIALS)
    }
    assert len(wanted.later) == 2
    log = [started(), *(arrived(i) for i in range(4))]
    restarted = await Harness(editor, log, sampling=Wanted(1.0), inherited=True).step()
    assert restarted.chunks() == []


async def test_killed_before_the_note_the_rest_is_sent_again(editor: AsyncEngine) -> None:
    await add_trial(editor)
    wanted = Wanted(0.5)
    here = await Harness(editor, [started(), arrived(0)], sampling=wanted).step()
    wanted.fraction = 1.0
    here.dispatcher._bookings.completed = _die  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        await here.step()
    again = Harness(editor, [started(), arrived(0)], sampling=Wanted(1.0), inherited=True)
    for _ in range(2):
        await again.step()
    assert again.batch() == here.batch() == list(range(10))


async def test_no_frame_is_left_out(editor: AsyncEngine) -> None:
    await add_trial(editor)
    here = await Harness(editor, [started(), arrived(0)], sampling=Wanted(0.02)).step()
    assert here.live() == list(range(10))
    chunk = here.chunks()[0]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(chunk))["index_fraction"] == 0.02
