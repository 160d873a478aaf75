"""What this service reads from the database, behind a small protocol. Never writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import numpy as np
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs.catalogue import (
    NotFoundError,
    PageJob,
    StoredFrame,
    find_job,
    first_cells,
    job_columns,
    lanes_of,
    page_jobs,
    shell_tables,
    stored_frame,
    stored_offsets,
)
from libs.catalogue.lattice_columns import Cells
from libs.crystallography.rates import Rows, rows_from_columns, rows_of_tables
from libs.messages import Lane
from libs.messages.topics import FRAMES
from services.live_view.core import ShownJob

SINK = "database_sink"


class CatalogueAwayError(Exception):
    """The database did not answer; it may later."""


class Catalogue(Protocol):
    """The database, as this service needs it; every method raises CatalogueAwayError."""

    async def jobs(self) -> list[ShownJob]:
        """All jobs that are not deleted, oldest run first."""
        ...

    async def stored(self) -> dict[int, int]:
        """By partition of `frames`: the first offset whose results are not in the database."""
        ...

    async def rows(self, job: ShownJob) -> Rows:
        """The results of a job's present attempt in its own lane."""
        ...

    async def tables(self, job: ShownJob) -> Rows:
        """The shell tables of the same results, and nothing else."""
        ...

    async def compared(self, job: ShownJob, lane: Lane) -> Rows:
        """The results in any lane, with the cells of the first lattices."""
        ...

    async def lanes(self, job: ShownJob) -> list[Lane]:
        """The lanes in which a job has results."""
        ...

    async def frame(self, job: ShownJob, frame: int, lane: Lane) -> StoredFrame | None:
        """Everything about one frame, None where it is not stored (yet)."""
        ...


class DatabaseCatalogue:
    """The real one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def jobs(self) -> list[ShownJob]:
        """See Catalogue."""
        async with self._connection() as connection:
            return [_shown(job) for job in await page_jobs(connection)]

    async def stored(self) -> dict[int, int]:
        """See Catalogue."""
        async with self._connection() as connection:
            offsets = await stored_offsets(connection, SINK)
        return {partition: at for (topic, partition), at in offsets.items() if topic == FRAMES.name}

    async def rows(self, job: ShownJob) -> Rows:
        """See Catalogue."""
        async with self._connection() as connection:
            columns = await job_columns(connection, job.id, attempt=job.attempt, lane=job.lane)
        return rows_from_columns(columns)

    async def tables(self, job: ShownJob) -> Rows:
        """See Catalogue."""
        async with self._connection() as connection:
            tables = await shell_tables(connection, job.id, attempt=job.attempt, lane=job.lane)
        return await asyncio.to_thread(rows_of_tables, tables)

    async def compared(self, job: ShownJob, lane: Lane) -> Rows:
        """See Catalogue."""
        async with self._connection() as connection:
            columns = await job_columns(connection, job.id, attempt=job.attempt, lane=lane)
            cells = await first_cells(connection, job.id, attempt=job.attempt, lane=lane)
        return with_cells(rows_from_columns(columns), cells)

    async def lanes(self, job: ShownJob) -> list[Lane]:
        """See Catalogue."""
        async with self._connection() as connection:
            return await lanes_of(connection, job.id)

    async def frame(self, job: ShownJob, frame: int, lane: Lane) -> StoredFrame | None:
        """See Catalogue."""
        async with self._connection() as connection:
            try:
                record = await find_job(connection, str(job.id))
            except NotFoundError:
                return None
            return await stored_frame(connection, record, frame, lane)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise CatalogueAwayError(f"the database does not answer: {error}") from error


def with_cells(rows: Rows, cells: Cells) -> Rows:
    """The rows, with the cells of those that count as indexed; both in frame order."""
    _, at, place = np.intersect1d(rows["frame"], cells["frame"], return_indices=True)
    same = rows["precedence"][at] == cells["precedence"][place]
    same &= rows["n_lattices"][at] > 0
    rows["cell"][at[same]] = cells["cell"][place[same]]
    return rows


def _shown(job: PageJob) -> ShownJob:
    return ShownJob(**{name: getattr(job, name) for name in ShownJob.__struct_fields__})
