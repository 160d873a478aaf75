"""Deleting a job: marked first, then its rows go in slices, so that no lock is held for long.

The job's own row stays as the sign that results still on their way are not to be written.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import limit
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs.catalogue.catalogue_models import JobRow
from libs.catalogue.engine import patiently
from libs.catalogue.jobs import set_state
from libs.catalogue.result_models import BatchProfileRow, FrameRow, LatticeRow
from libs.catalogue.rollup_models import FrameRollupRow, RollupRulesRow
from libs.catalogue.summary_models import AdviceRow, RatesRow
from libs.messages import JobState

SLICE_ROWS = 5000
JOB: Any = JobRow.__table__
KINDS = (
    LatticeRow, FrameRow, FrameRollupRow, RollupRulesRow, BatchProfileRow, AdviceRow, RatesRow,
)  # fmt: skip
SLICED: tuple[Any, ...] = tuple(kind.__table__ for kind in KINDS)
Progress = Callable[[int], None]


async def delete_job(
    engine: AsyncEngine,
    job: int,
    *,
    now_us: int,
    slice_rows: int = SLICE_ROWS,
    progress: Progress | None = None,
) -> int:
    """Mark the job as deleted and delete what belongs to it; gives the number of rows."""

    async def mark(connection: AsyncConnection) -> None:
        await set_state(connection, job, JobState.DELETED, now_us=now_us)

    await patiently(engine, mark)
    deleted = 0
    for table in SLICED:
        while gone := await _delete_slice(engine, table, job, slice_rows):
            deleted += gone
            if progress is not None:
                progress(gone)
    await _mark_purged(engine, job)
    return deleted


async def _delete_slice(engine: AsyncEngine, table: Any, job: int, rows: int) -> int:
    async def work(connection: AsyncConnection) -> int:
        state = await connection.scalar(
            sa.select(JOB.c.state).where(JOB.c.id == job).with_for_update(read=True)
        )
        if state != JobState.DELETED.value:
            return 0  # restarted meanwhile: its new results stay
        statement = sa.delete(table).where(table.c.job_id == job).ext(limit(rows))
        return int((await connection.execute(statement)).rowcount)

    return await patiently(engine, work)


async def _mark_purged(engine: AsyncEngine, job: int) -> None:
    async def work(connection: AsyncConnection) -> None:
        deleted = (JOB.c.id == job, JOB.c.state == JobState.DELETED.value)
        await connection.execute(sa.update(JOB).where(*deleted).values(purged=True))

    await patiently(engine, work)
