"""On a real broker: what was saved comes back, from the newest owner alone."""

import random
from collections.abc import AsyncIterator

import pytest

from libs.messages import JobId, Lane
from libs.streams import FencedError
from services.stats_aggregator.checkpoints import KafkaCheckpoints
from services.stats_aggregator.knowledge import UNKNOWN
from services.stats_aggregator.partition import PartitionState
from tests.crystallography.rates.builders import JOB, batch, result

pytestmark = pytest.mark.system
NOW_US = 1_780_000_100_000_000
OTHER = JobId(f"{JOB}x")


@pytest.fixture
async def checkpoints(kafka: str) -> AsyncIterator[KafkaCheckpoints]:
    async with KafkaCheckpoints(kafka) as made:
        yield made


@pytest.fixture
def number() -> int:
    """A partition of this test's own."""
    return random.randrange(1000, 1_000_000_000)


def count(state: PartitionState, job: JobId, frames: range) -> None:
    state.count([batch([result(i) for i in frames], job=job)])
    state.skip(state.next_offset)


async def owned(checkpoints: KafkaCheckpoints, number: int) -> PartitionState:
    (state,) = await checkpoints.partitions([number])
    return state


def n_processed(state: PartitionState, job: JobId) -> int:
    return state.statistics[(job, Lane.DIALS)].summary().n_processed


async def test_what_was_saved_comes_back(checkpoints: KafkaCheckpoints, number: int) -> None:
    state = await owned(checkpoints, number)
    for stretch in (range(3000), range(2000, 3500), range(9000, 9010)):
        count(state, JOB, stretch)
        count(state, OTHER, stretch)
        await checkpoints.save(state.checkpoint(NOW_US))
    again = await owned(checkpoints, number)
    assert again.next_offset == 6
    assert n_processed(again, JOB) == n_processed(again, OTHER) == 3510


async def test_a_sleeping_job_is_read_when_it_is_wanted(
    checkpoints: KafkaCheckpoints, kafka: str, number: int
) -> None:
    state = await owned(checkpoints, number)
    count(state, JOB, range(3000))
    count(state, OTHER, range(3000))
    await checkpoints.save(state.checkpoint(NOW_US))
    state.sleep(JOB, UNKNOWN)
    count(state, OTHER, range(3000, 5000))
    await checkpoints.save(state.checkpoint(NOW_US))
    async with KafkaCheckpoints(kafka) as successor:
        again = await owned(successor, number)
        assert [job for job, _ in again.statistics] == [OTHER]
        again.wake(JOB, await successor.segments(number, again.wanted(JOB)))
        assert n_processed(again, JOB) == 3000


async def test_a_forgotten_job_is_gone(checkpoints: KafkaCheckpoints, number: int) -> None:
    state = await owned(checkpoints, number)
    count(state, JOB, range(3000))
    await checkpoints.save(state.checkpoint(NOW_US))
    state.forget(JOB)
    await checkpoints.save(state.checkpoint(NOW_US))
    again = await owned(checkpoints, number)
    assert again.jobs == frozenset()
    assert again.is_saved


async def test_an_earlier_owner_overwrites_nothing(
    checkpoints: KafkaCheckpoints, kafka: str, number: int
) -> None:
    state = await owned(checkpoints, number)
    count(state, JOB, range(1000))
    await checkpoints.save(state.checkpoint(NOW_US))
    count(state, JOB, range(1000, 1010))
    stale = state.checkpoint(NOW_US)
    async with KafkaCheckpoints(kafka) as successor:
        theirs = await owned(successor, number)
        count(theirs, JOB, range(1000, 1020))
        await successor.save(theirs.checkpoint(NOW_US))
        with pytest.raises(FencedError):
            await checkpoints.save(stale)
        again = await owned(successor, number)
    assert (again.next_offset, n_processed(again, JOB)) == (2, 1020)
