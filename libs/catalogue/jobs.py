"""Jobs in the database: made by the dispatcher, restarted, stopped and deleted by people.

A change raises nothing by itself: the dispatcher sees that `attempt` and `state` differ from what
it has announced, and tells the others.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.catalogue_models import ExperimentRow, JobRow, RunRow
from libs.catalogue.errors import ConflictError, NotFoundError
from libs.catalogue.runs import tags_of_runs
from libs.messages import JobId, JobState, Recipe, RunId, job_id

JOB: Any = JobRow.__table__
RUN: Any = RunRow.__table__
EXPERIMENT: Any = ExperimentRow.__table__
HIGHEST_ATTEMPT = 65_535


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One job as it stands in the table, with what it needs of its run."""

    id: int
    job: JobId
    run: RunId
    experiment: str
    trial: int
    run_group: int
    attempt: int
    state: JobState
    changed_us: int
    live_from_us: int
    recipe: Recipe | None
    next_sequence: int
    announced: bool
    started_us: int
    tags: tuple[str, ...]
    index_fractions: tuple[tuple[int, float], ...] = ()
    """(first sequence, fraction) of the live arrivals of this attempt that were sampled."""
    completed_sequence: int = 0


async def ensure_job(
    connection: AsyncConnection,
    *,
    run: RunId,
    trial: int,
    run_group: int,
    recipe: Recipe,
    live_from_us: int,
    now_us: int,
) -> None:
    """Make the job of a run under a trial and a run group; one that exists is left as it is."""
    run_row = sa.select(RUN.c.id).where(RUN.c.name == run).scalar_subquery()
    statement = mysql.insert(JOB).values(
        name=job_id(run, trial, run_group),
        run_id=run_row,
        trial_id=trial,
        run_group_id=run_group,
        attempt=1,
        state=JobState.ACTIVE.value,
        changed_us=now_us,
        live_from_us=live_from_us,
        next_sequence=0,
        completed_sequence=0,
        purged=False,
        **_recipe_values(recipe),
    )
    await connection.execute(statement.on_duplicate_key_update(name=JOB.c.name))


async def list_jobs(
    connection: AsyncConnection,
    *,
    names: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    unannounced: bool = False,
    incomplete: bool = False,
) -> list[JobRecord]:
    """Jobs, oldest first: all, those of these names or runs, those with news, or those of whose
    frames some were only screened."""
    query = (
        sa.select(JOB, RUN.c.name.label("run"), RUN.c.started_us, EXPERIMENT.c.name.label("exp"))
        .join(RUN, RUN.c.id == JOB.c.run_id)
        .join(EXPERIMENT, EXPERIMENT.c.id == RUN.c.experiment_id)
        .order_by(RUN.c.started_us, JOB.c.id)
    )
    if names is not None:
        query = query.where(JOB.c.name.in_(names))
    if runs is not None:
        query = query.where(RUN.c.name.in_(runs))
    if incomplete:
        query = query.where(
            JOB.c.state == JobState.ACTIVE.value,
            JOB.c.index_fractions.is_not(None),
            JOB.c.completed_sequence < JOB.c.next_sequence,
        )
    if unannounced:
        query = query.where(~_announced())
    rows = list(await connection.execute(query))
    tags = await tags_of_runs(connection) if rows else {}
    return [_record(row, tags.get(row.run_id, ())) for row in rows]


async def find_job(connection: AsyncConnection, name: str) -> JobRecord:
    """The job of this name or id; raises NotFoundError."""
    for record in await list_jobs(connection):
        if name in (record.job, str(record.id)):
            return record
    raise NotFoundError(f"no job is called {name!r}: `stillstream job list` shows which exist")


async def restart_job(connection: AsyncConnection, job: int, *, now_us: int) -> None:
    """A new attempt: all frames are processed again, with the trial as it is now."""
    attempt = await connection.scalar(
        sa.select(JOB.c.attempt).where(JOB.c.id == job).with_for_update()
    )
    if attempt == HIGHEST_ATTEMPT:
        raise ConflictError(f"job {job} was restarted {attempt} times: use a new trial instead")
    await connection.execute(
        sa.update(JOB)
        .where(JOB.c.id == job)
        .values(
            attempt=JOB.c.attempt + 1,
            state=JobState.ACTIVE.value,
            changed_us=now_us,
            live_from_us=now_us,
            recipe=None,
            recipe_hash=None,
            next_sequence=0,
            index_fractions=None,
            completed_sequence=0,
            purged=False,
        )
    )


async def set_state(connection: AsyncConnection, job: int, state: JobState, *, now_us: int) -> None:
    """Stop a job, or mark it as deleted; raises ConflictError when a deleted one is stopped."""
    current = await connection.scalar(
        sa.select(JOB.c.state).where(JOB.c.id == job).with_for_update()
    )
    if current == JobState.DELETED.value and state is not JobState.DELETED:
        raise ConflictError(f"job {job} is deleted: `stillstream job restart {job}` revives it")
    if current != state.value:
        values = {"state": state.value, "changed_us": now_us}
        await connection.execute(sa.update(JOB).where(JOB.c.id == job).values(values))


async def keep_recipe(connection: AsyncConnection, job: JobRecord, recipe: Recipe) -> None:
    """Fix the recipe of this attempt."""
    await _update(connection, job, _recipe_values(recipe))


async def mark_announced(connection: AsyncConnection, job: JobRecord) -> None:
    """The others know of this attempt and state."""
    values = {"announced_attempt": job.attempt, "announced_state": job.state.value}
    await _update(connection, job, values)


async def advance(connection: AsyncConnection, job: JobRecord, next_sequence: int) -> None:
    """Work up to this sequence of arrivals is durable; a restart meanwhile is left untouched."""
    await _update(connection, job, {"next_sequence": next_sequence})


async def keep_fractions(
    connection: AsyncConnection, job: JobRecord, steps: Sequence[tuple[int, float]]
) -> None:
    """Fix which fraction is indexed, from which arrival on, for this attempt."""
    await _update(connection, job, {"index_fractions": msgspec.json.encode(steps).decode()})


async def mark_completed(connection: AsyncConnection, job: JobRecord, sequence: int) -> None:
    """The sampled arrivals below this were sent again, to be indexed whole."""
    await _update(connection, job, {"completed_sequence": sequence})


async def _update(connection: AsyncConnection, job: JobRecord, values: dict[str, Any]) -> None:
    await connection.execute(
        sa.update(JOB).where(JOB.c.id == job.id, JOB.c.attempt == job.attempt).values(values)
    )


def _announced() -> Any:
    return sa.and_(
        JOB.c.announced_attempt.is_not(None),
        JOB.c.announced_attempt == JOB.c.attempt,
        JOB.c.announced_state == JOB.c.state,
    )


def _recipe_values(recipe: Recipe) -> dict[str, Any]:
    return {
        "recipe": msgspec.json.encode(recipe).decode(),
        "recipe_hash": recipe.hash,
        "lane": recipe.lane.value,
    }


def _record(row: Any, tags: tuple[str, ...]) -> JobRecord:
    return JobRecord(
        id=row.id,
        job=JobId(row.name),
        run=RunId(row.run),
        experiment=row.exp,
        trial=row.trial_id,
        run_group=row.run_group_id,
        attempt=row.attempt,
        state=JobState(row.state),
        changed_us=row.changed_us,
        live_from_us=row.live_from_us,
        recipe=msgspec.json.decode(row.recipe, type=Recipe) if row.recipe else None,
        next_sequence=row.next_sequence,
        announced=(row.announced_attempt, row.announced_state) == (row.attempt, row.state),
        started_us=row.started_us,
        tags=tags,
        index_fractions=_steps(row.index_fractions),
        completed_sequence=row.completed_sequence,
    )


def _steps(text: str | None) -> tuple[tuple[int, float], ...]:
    return msgspec.json.decode(text, type=tuple[tuple[int, float], ...]) if text else ()
