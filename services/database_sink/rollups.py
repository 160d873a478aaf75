"""Roll-ups beside the frames, in the same transaction: made anew from them, so never off."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs.catalogue import patiently
from libs.messages import Cutoffs
from services.database_sink import rollup_sql as sql
from services.database_sink.bulk import execute, many
from services.database_sink.locked_jobs import LockedJob, lock_jobs
from services.database_sink.rollup_sql import Rules, rules_of


async def lock_rules(connection: AsyncConnection, job_id: int) -> Rules | None:
    """By what the job's roll-ups are counted; None where there are none.

    The lock is held to the end of the transaction: of two sinks that write frames of one job (the
    number of partitions was changed), the second waits and then sees what the first wrote.
    """
    stored = await _locked(connection, job_id)
    if stored is not None:
        return stored
    await execute(connection, sql.FIRST_RULES.format(job=job_id))
    stored = await _locked(connection, job_id)
    return stored if stored and stored.attempt else None


async def _locked(connection: AsyncConnection, job_id: int) -> Rules | None:
    row = (await execute(connection, sql.LOCK_RULES.format(job=job_id))).first()
    return None if row is None else Rules(*row)


async def update_rollups(
    connection: AsyncConnection,
    job: LockedJob,
    stored: Rules | None,
    changed: Sequence[int],
    written: Counter[str],
) -> None:
    """Those of the frames that changed; all of the job where attempt or cut-offs did."""
    wanted = _wanted(job, stored)
    if wanted != stored:
        statements = sql.rebuilt(job.id, wanted)
        await many(connection, sql.KEEP_RULES, [(job.id, *wanted)], "rollup_rules", written)
    else:
        statements = sql.refreshed(job.id, wanted, changed)
    for text in statements:
        await execute(connection, text)
    written["frame_rollup"] += len(sql.ranges(changed, sql.FINE))


async def fill_missing(engine: AsyncEngine) -> None:
    """Roll-ups of jobs that have none: their frames were written by older software."""

    async def named(connection: AsyncConnection) -> list[str]:
        return [name for (name,) in await execute(connection, sql.WITHOUT_RULES)]

    for name in await patiently(engine, named):
        await patiently(engine, partial(_fill, name=name))


async def _fill(connection: AsyncConnection, *, name: str) -> None:
    job = (await lock_jobs(connection, [name])).get(name)
    if job is not None and not job.deleted:
        stored = await lock_rules(connection, job.id)
        await update_rollups(connection, job, stored, [], Counter())


def _wanted(job: LockedJob, stored: Rules | None) -> Rules:
    """Until a new attempt has its recipe, the cut-offs stay. Pure."""
    if job.cutoffs is not None:
        return rules_of(job.attempt, job.cutoffs)
    if stored is not None:
        return stored._replace(attempt=job.attempt)
    return rules_of(job.attempt, Cutoffs())
