"""Rows into the database, inside a transaction that the caller began. Decides nothing about Kafka.

Locks are taken in one order (runs, jobs, files, frames …) and rows are sorted by primary key, so
that writers of different partitions seldom meet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.catalogue_models import JobRow, RunRow
from libs.catalogue.runs import ensure_run
from libs.messages import FramesArrived, JobState
from services.database_sink import statements as sql
from services.database_sink.bulk import many
from services.database_sink.core import JobRows, Rows
from services.database_sink.frame_rows import FrameKey, FrameRows
from services.database_sink.stored_results import delete_stale, stored_precedences, wins

JOB: Any = JobRow.__table__
RUN: Any = RunRow.__table__


async def write_rows(connection: AsyncConnection, rows: Rows) -> Counter[str]:
    """Write everything; gives the number of rows by table, and of skipped ones as `skipped`."""
    written: Counter[str] = Counter()
    await _write_runs(connection, rows, written)
    states = await _lock_jobs(connection, rows.jobs)
    kept = {name: job for name, job in sorted(rows.jobs.items()) if name in states}
    written["skipped"] += sum(
        len(job.frames) for name, job in rows.jobs.items() if _gone(states, name)
    )
    if any(job.frames for name, job in kept.items() if not _gone(states, name)):
        await many(connection, sql.FILES, sorted(rows.files.values()), "file", written)
        await many(connection, sql.ORIGINS, sorted(rows.origins.values()), "batch_origin", written)
    for name, job in kept.items():
        job_id, deleted = states[name]
        changes = [(job_id, *change) for change in sorted(job.changes)]
        await many(connection, sql.CHANGES, changes, "job_change", written)
        if not deleted:
            await _write_job(connection, job_id, job, written)
    return written


def _gone(states: dict[str, tuple[int, bool]], job: str) -> bool:
    """Unknown means deleted: the dispatcher makes a job's row before it sends its work."""
    return job not in states or states[job][1]


async def _lock_jobs(
    connection: AsyncConnection, names: Iterable[str]
) -> dict[str, tuple[int, bool]]:
    """(id, deleted) of the jobs that exist; a deletion waits for this transaction's end."""
    wanted = sorted(names)
    if not wanted:
        return {}
    rows = await connection.execute(
        sa.select(JOB.c.name, JOB.c.id, JOB.c.state)
        .where(JOB.c.name.in_(wanted))
        .order_by(JOB.c.name)
        .with_for_update(read=True)
    )
    return {name: (job_id, state == JobState.DELETED.value) for name, job_id, state in rows}


async def _write_job(
    connection: AsyncConnection, job_id: int, job: JobRows, written: Counter[str]
) -> None:
    await _write_frames(connection, job_id, job.frames, written)
    profiles = [(job_id, *profile) for _, profile in sorted(job.profiles.items())]
    await many(connection, sql.PROFILES, profiles, "batch_profile", written)
    rates = [(job_id, *rates) for rates in job.rates]
    await many(connection, sql.RATES, rates, "rates", written)
    advice = [(job_id, *advice) for advice in job.advice]
    await many(connection, sql.ADVICE, advice, "advice", written)


async def _write_frames(
    connection: AsyncConnection,
    job_id: int,
    results: Mapping[FrameKey, FrameRows],
    written: Counter[str],
) -> None:
    """Results that win against those that are stored: what is known already costs a look only."""
    known = await stored_precedences(connection, job_id, results)
    winners = [result for key, result in sorted(results.items()) if wins(result, known.get(key))]
    written["known"] += len(results) - len(winners)
    frames = [(job_id, *result.frame) for result in winners]
    lattices = [(job_id, *lattice) for result in winners for lattice in result.lattices]
    await many(connection, sql.FRAMES, frames, "frame", written)
    await many(connection, sql.LATTICES, lattices, "lattice", written)
    await delete_stale(connection, job_id, [r for r in winners if r.frame.key in known])


async def _write_runs(connection: AsyncConnection, rows: Rows, written: Counter[str]) -> None:
    for run in rows.runs:
        await ensure_run(connection, run)
    written["run"] += len(rows.runs)
    known = await _run_ids(connection, rows.arrivals)
    arrivals = sorted(
        (known[a.run], a.sequence, sum(span.count for span in a.spans), a.announced_us)
        for a in rows.arrivals
        if a.run in known
    )
    written["skipped"] += len(rows.arrivals) - len(arrivals)
    await many(connection, sql.ARRIVALS, arrivals, "run_arrival", written)
    for end in rows.ends:
        at, reason = end.announced_us, end.reason[:255]
        await connection.exec_driver_sql(
            sql.RUN_ENDED, (at, end.n_frames, at, reason, at, at, end.run)
        )


async def _run_ids(
    connection: AsyncConnection, arrivals: Sequence[FramesArrived]
) -> dict[str, int]:
    names = {arrival.run for arrival in arrivals}
    if not names:
        return {}
    rows = await connection.execute(sa.select(RUN.c.name, RUN.c.id).where(RUN.c.name.in_(names)))
    return {str(row.name): int(row.id) for row in rows}
