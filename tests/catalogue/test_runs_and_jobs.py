"""Runs, tags and jobs on the real server: what only locks and constraints can show."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue import (
    ConflictError,
    NotFoundError,
    find_job,
    in_transaction,
    list_jobs,
    list_runs,
    page_jobs,
    patiently,
)
from libs.catalogue.jobs import advance, mark_announced, restart_job, set_state
from libs.catalogue.runs import add_tag, ensure_run, find_run, list_tags, remove_tag, set_persistent
from libs.messages import JobState, run_id
from tests.catalogue.builders import NOW, RUN, add_job, started

pytestmark = pytest.mark.system


async def test_many_at_once_make_one_run(editor: AsyncEngine, writer: AsyncEngine) -> None:
    engines = [editor, writer] * 4
    ids = await asyncio.gather(
        *(patiently(engine, lambda c: ensure_run(c, started())) for engine in engines)
    )
    assert len(set(ids)) == 1
    assert len(await in_transaction(editor, list_runs)) == 1


async def test_new_runs_get_persistent_tags_old_ones_do_not(editor: AsyncEngine) -> None:
    later = run_id("mx2471", "jet-a", "14", 1)
    await in_transaction(editor, lambda c: ensure_run(c, started(tags=("own",))))
    await in_transaction(editor, lambda c: set_persistent(c, "batch 5", on=True))
    await in_transaction(editor, lambda c: ensure_run(c, started()))
    await in_transaction(editor, lambda c: ensure_run(c, started(later)))
    runs = await in_transaction(editor, list_runs)
    assert [run.tags for run in runs] == [("own",), ("batch 5",)]
    assert await in_transaction(editor, list_tags) == [("batch 5", True, 1), ("own", False, 1)]


async def test_tags_go_on_and_off(editor: AsyncEngine) -> None:
    run = await in_transaction(editor, lambda c: ensure_run(c, started()))
    for _ in range(2):
        await in_transaction(editor, lambda c: add_tag(c, run, "t"))
    await in_transaction(editor, lambda c: remove_tag(c, run, "t"))
    with pytest.raises(NotFoundError, match="does not bear"):
        await in_transaction(editor, lambda c: remove_tag(c, run, "t"))


async def test_a_run_is_found_by_its_number(editor: AsyncEngine) -> None:
    await in_transaction(editor, lambda c: ensure_run(c, started()))
    runs = await in_transaction(editor, list_runs)
    assert find_run(runs, "13").run == RUN
    with pytest.raises(NotFoundError, match="run list"):
        find_run(runs, "99")


async def test_a_restart_is_a_new_attempt_that_nobody_knows_of(editor: AsyncEngine) -> None:
    name = await add_job(editor)
    job = await in_transaction(editor, lambda c: find_job(c, name))
    await in_transaction(editor, lambda c: mark_announced(c, job))
    await in_transaction(editor, lambda c: advance(c, job, 7))
    assert await in_transaction(editor, lambda c: list_jobs(c, unannounced=True)) == []
    await in_transaction(editor, lambda c: restart_job(c, job.id, now_us=NOW + 5))
    (again,) = await in_transaction(editor, lambda c: list_jobs(c, unannounced=True))
    assert (again.attempt, again.next_sequence, again.recipe) == (2, 0, None)
    await in_transaction(editor, lambda c: advance(c, job, 9))  # the first attempt's late note
    (still,) = await in_transaction(editor, list_jobs)
    assert still.next_sequence == 0


async def test_a_deleted_job_is_not_stopped_but_revived_by_a_restart(editor: AsyncEngine) -> None:
    name = await add_job(editor)
    job = await in_transaction(editor, lambda c: find_job(c, name))
    await in_transaction(editor, lambda c: set_state(c, job.id, JobState.DELETED, now_us=NOW))
    assert await in_transaction(editor, page_jobs) == []
    with pytest.raises(ConflictError, match="job restart"):
        await in_transaction(editor, lambda c: set_state(c, job.id, JobState.STOPPED, now_us=NOW))
    await in_transaction(editor, lambda c: restart_job(c, job.id, now_us=NOW))
    revived = await in_transaction(editor, lambda c: find_job(c, name))
    assert (revived.state, revived.attempt) == (JobState.ACTIVE, 2)


async def test_the_page_lists_a_job_with_its_run(editor: AsyncEngine) -> None:
    name = await add_job(editor)
    (job,) = await in_transaction(editor, page_jobs)
    assert (job.job, job.number, job.open, job.d_min_angstrom) == (name, "13", True, 1.7)
