"""Jobs and work on a real catalogue: restarts, pending runs, what people do with jobs."""

import dataclasses
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue import find_job, in_transaction, list_jobs, list_runs, trials
from libs.catalogue.jobs import restart_job, set_state
from libs.streams.fakes import records_of
from services.job_dispatcher import service
from tests.catalogue.builders import GROUP, NOW, RUN, TRIAL, add_trial, arrived, started
from tests.contracts.hostile_wire import hostile_payloads
from tests.job_dispatcher.harness import Harness

pytestmark = pytest.mark.system
JOB = m.job_id(RUN, 1, 1)


async def change(engine: AsyncEngine, state: m.JobState) -> None:
    job = await in_transaction(engine, lambda c: find_job(c, JOB))
    await in_transaction(engine, lambda c: set_state(c, job.id, state, now_us=NOW + 1000))


async def restart(engine: AsyncEngine) -> None:
    job = await in_transaction(engine, lambda c: find_job(c, JOB))
    await in_transaction(engine, lambda c: restart_job(c, job.id, now_us=NOW + 1000))


async def test_a_run_becomes_a_job_and_its_frames_work(editor: AsyncEngine) -> None:
    await add_trial(editor)
    here = await Harness(editor, [started(), arrived(0)]).step()
    (job,) = here.changes()
    assert (job.job, job.attempt, job.state) == (JOB, 1, m.JobState.ACTIVE)
    assert here.live() == list(range(10))
    assert isinstance(here.sink.published[0], m.JobChanged)
    await here.step(arrived(1))
    assert here.live() == list(range(20))
    assert len(here.changes()) == 1


async def test_a_restart_sends_nothing_again(editor: AsyncEngine) -> None:
    await add_trial(editor)
    log = [started(), arrived(0), arrived(1)]
    await Harness(editor, log).step()
    again = await Harness(editor, log).step()
    assert again.sink.published == []
    await again.step(arrived(2))
    assert again.live() == list(range(20, 30))


class KilledError(Exception):
    """The process is gone."""


async def test_killed_after_publishing_it_repeats_the_same_chunks(editor: AsyncEngine) -> None:
    await add_trial(editor)
    log = [started(), arrived(0)]
    first = Harness(editor, log)

    async def die(job: object, next_sequence: int) -> None:
        raise KilledError

    first.dispatcher._bookings.sent = die  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        await first.step()
    second = await Harness(editor, log).step()
    assert second.chunks() == first.chunks()
    assert second.changes() == []


async def test_a_run_that_no_trial_takes_waits_for_one(editor: AsyncEngine) -> None:
    log = [started(), arrived(0)]
    here = await Harness(editor, log).step()
    assert here.sink.published == []
    assert len(await in_transaction(editor, list_runs)) == 1
    await add_trial(editor, now_us=NOW + 100)
    await here.step()
    assert (here.live(), here.batch()) == ([], list(range(10)))  # it is late: live work goes first
    await here.step(arrived(1, announced_us=NOW + 200))
    assert here.live() == list(range(10, 20))


async def test_a_pending_run_is_found_after_a_restart(editor: AsyncEngine) -> None:
    log = [started(), arrived(0)]
    await Harness(editor, log).step()
    trial, _ = await add_trial(editor, active=False)
    again = await Harness(editor, log).step()
    assert again.sink.published == []
    await in_transaction(
        editor, lambda c: trials.set_active(c, trial, active=True, now_us=NOW + 100)
    )
    await again.step()
    assert again.frames() == list(range(10))


async def test_each_kind_of_run_gets_its_own_trial(editor: AsyncEngine) -> None:
    other = m.run_id("mx2471", "chip", "1", 1)
    chip = msgspec.structs.replace(GROUP, name="chips", source="chip")
    await add_trial(editor)
    await add_trial(editor, msgspec.structs.replace(TRIAL, name="second"), chip)
    here = await Harness(editor, [started(), started(other)]).step()
    assert {(job.run, job.trial) for job in here.changes()} == {(RUN, 1), (other, 2)}


async def test_a_stopped_job_gets_no_more_work(editor: AsyncEngine) -> None:
    await add_trial(editor)
    here = await Harness(editor, [started(), arrived(0)]).step()
    await change(editor, m.JobState.STOPPED)
    await here.step(arrived(1))
    assert [job.state for job in here.changes()] == [m.JobState.ACTIVE, m.JobState.STOPPED]
    await here.step(arrived(2))
    assert here.frames() == list(range(10))


async def test_a_deleted_job_is_announced_and_not_made_again(editor: AsyncEngine) -> None:
    await add_trial(editor)
    log = [started(), arrived(0)]
    here = await Harness(editor, log).step()
    await change(editor, m.JobState.DELETED)
    await here.step()
    assert here.changes()[-1].state is m.JobState.DELETED
    again = await Harness(editor, log).step(arrived(1))
    assert again.sink.published == []


async def test_a_restarted_job_is_sent_whole_to_batch_and_new_frames_live(
    editor: AsyncEngine,
) -> None:
    await add_trial(editor)
    here = await Harness(editor, [started(), arrived(0), arrived(1)]).step()
    await restart(editor)
    await here.step()
    assert [c.attempt for c in here.changes()] == [1, 2]
    assert here.batch() == list(range(20))
    assert {c.attempt for c in here.chunks() if c.chunk == 0} == {1, 2}
    await here.step(arrived(2, announced_us=NOW + 2000))
    assert here.live() == list(range(30))


async def test_a_missing_file_delays_the_job_until_it_is_there(
    editor: AsyncEngine, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.pickle"
    await add_trial(editor, group=msgspec.structs.replace(GROUP, mask_path=str(mask)))
    here = await Harness(editor, [started(), arrived(0)]).step()
    assert here.sink.published == []
    assert await in_transaction(editor, list_jobs) == []
    mask.write_bytes(b"mask")
    await here.step()
    assert here.frames() == list(range(10))
    assert here.changes()[0].recipe.files[0].path == str(mask)


async def test_hostile_messages_cost_themselves_only(editor: AsyncEngine) -> None:
    await add_trial(editor)
    good = records_of([started(), arrived(0)])
    bad = [
        dataclasses.replace(good[0], offset=2 + i, value=payload)
        for i, payload in enumerate(hostile_payloads(started()).values())
    ]
    long = started(m.run_id("e" * 300, "jet-a", "1", 1))
    (letter,) = records_of([long])
    here = await Harness(editor, [good[0], *bad, letter, good[1]]).step()
    letters = [p for p in here.sink.published if isinstance(p, m.MessageRejected)]
    assert len(letters) == len(bad) + 1
    assert here.frames() == list(range(10))


async def test_a_late_arrival_below_others_is_sent_too(editor: AsyncEngine) -> None:
    await add_trial(editor)
    here = await Harness(editor, [started(), arrived(0), arrived(2)]).step()
    await here.step(arrived(1))
    assert sorted(here.frames()) == list(range(30))
    assert service.NAME == "job_dispatcher"


async def test_another_systems_job_is_announced_and_gets_no_work(editor: AsyncEngine) -> None:
    await add_trial(editor, msgspec.structs.replace(TRIAL, lane=m.Lane.EXTERNAL))
    here = await Harness(editor, [started(), arrived(0)]).step()
    await here.step(arrived(1))
    assert [job.recipe.lane for job in here.changes()] == [m.Lane.EXTERNAL]
    assert here.chunks() == []
