"""Rows into the database, inside a transaction that the caller began. Decides nothing about Kafka.

Locks are taken in one order (runs, jobs, files, frames …) and rows are sorted by primary key, so
that writers of different partitions seldom meet.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.catalogue_models import RunRow
from libs.catalogue.runs import ensure_run
from libs.messages import FramesArrived
from services.database_sink import statements as sql
from services.database_sink.bulk import many
from services.database_sink.core import JobRows, Rows
from services.database_sink.frame_rows import FrameKey, FrameRows
from services.database_sink.locked_jobs import LockedJob, lock_jobs
from services.database_sink.rollups import lock_rules, update_rollups
from services.database_sink.stored_results import delete_stale, stored_precedences, wins

RUN: Any = RunRow.__table__


async def write_rows(connection: AsyncConnection, rows: Rows) -> Counter[str]:
    """Write everything; gives the number of rows by table, and of skipped ones as `skipped`."""
    written: Counter[str] = Counter()
    await _write_runs(connection, rows, written)
    jobs = await lock_jobs(connection, rows.jobs)
    kept = {name: job for name, job in sorted(rows.jobs.items()) if name in jobs}
    written["skipped"] += sum(
        len(job.frames) for name, job in rows.jobs.items() if _gone(jobs, name)
    )
    if any(job.frames for name, job in kept.items() if not _gone(jobs, name)):
        await many(connection, sql.FILES, sorted(rows.files.values()), "file", written)
        await many(connection, sql.ORIGINS, sorted(rows.origins.values()), "batch_origin", written)
    for name, job in kept.items():
        changes = [(jobs[name].id, *change) for change in sorted(job.changes)]
        await many(connection, sql.CHANGES, changes, "job_change", written)
        if not jobs[name].deleted:
            await _write_job(connection, jobs[name], job, written)
    return written


def _gone(jobs: Mapping[str, LockedJob], name: str) -> bool:
    """Unknown means deleted: the dispatcher makes a job's row before it sends its work."""
    return name not in jobs or jobs[name].deleted


async def _write_job(
    connection: AsyncConnection, job: LockedJob, rows: JobRows, written: Counter[str]
) -> None:
    if rows.frames or rows.changes:
        rules = await lock_rules(connection, job.id)
        changed = await _write_frames(connection, job.id, rows.frames, written)
        await update_rollups(connection, job, rules, changed, written)
    profiles = [(job.id, *profile) for _, profile in sorted(rows.profiles.items())]
    await many(connection, sql.PROFILES, profiles, "batch_profile", written)
    rates = [(job.id, *rates) for rates in rows.rates]
    await many(connection, sql.RATES, rates, "rates", written)
    advice = [(job.id, *advice) for advice in rows.advice]
    await many(connection, sql.ADVICE, advice, "advice", written)


async def _write_frames(
    connection: AsyncConnection,
    job_id: int,
    results: Mapping[FrameKey, FrameRows],
    written: Counter[str],
) -> list[int]:
    """Results that win against those that are stored: what is known already costs a look only.

    Gives the numbers of the frames that changed.
    """
    known = await stored_precedences(connection, job_id, results)
    winners = [result for key, result in sorted(results.items()) if wins(result, known.get(key))]
    written["known"] += len(results) - len(winners)
    frames = [(job_id, *result.frame) for result in winners]
    lattices = [(job_id, *lattice) for result in winners for lattice in result.lattices]
    await many(connection, sql.FRAMES, frames, "frame", written)
    await many(connection, sql.LATTICES, lattices, "lattice", written)
    await delete_stale(connection, job_id, [r for r in winners if r.frame.key in known])
    return [result.frame.frame for result in winners]


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
