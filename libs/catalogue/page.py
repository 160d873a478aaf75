"""What the run-stats page asks: the jobs to show, and the columns of one of them."""

from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.base import LANES, OUTCOMES
from libs.catalogue.jobs import list_jobs
from libs.catalogue.result_models import FrameRow
from libs.catalogue.runs import list_runs
from libs.catalogue.summary_models import SinkOffsetRow
from libs.messages import ATTEMPT_SHIFT, Cutoffs, JobId, JobState, Lane, RunId

Array = np.ndarray[Any, np.dtype[Any]]
FRAME: Any = FrameRow.__table__
OFFSET: Any = SinkOffsetRow.__table__

COLUMNS: dict[str, np.dtype[Any]] = {
    "frame": np.dtype(np.int64),
    "precedence": np.dtype(np.int64),
    "ts_us": np.dtype(np.int64),
    "outcome": np.dtype(np.uint8),
    "n_strong": np.dtype(np.uint32),
    "indexing_tried": np.dtype(bool),
    "n_lattices": np.dtype(np.uint8),
    "solvent_ratio": np.dtype(np.float64),
    "solvent_ratio_cctbx": np.dtype(np.float64),
    "d_min_contiguous": np.dtype(np.float64),
    "d_min_cctbx": np.dtype(np.float64),
}
FETCH_ROWS = 20_000


class PageJob(msgspec.Struct, frozen=True, kw_only=True):
    """One job as the page lists it."""

    id: int
    job: JobId
    attempt: int
    run: RunId
    experiment: str
    source: str
    number: str
    tags: tuple[str, ...]
    trial: int
    lane: Lane
    d_min_angstrom: float
    state: JobState
    open: bool
    started_us: int
    n_announced: int
    cutoffs: Cutoffs


class JobColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Arrays of equal length in frame order; missing numbers are NaN.

    `outcome` counts in the order of libs.messages.Outcome. `precedence` lets a reader merge what
    arrives later: the larger one wins.
    """

    frame: Array
    precedence: Array
    ts_us: Array
    outcome: Array
    n_strong: Array
    indexing_tried: Array
    n_lattices: Array
    solvent_ratio: Array
    solvent_ratio_cctbx: Array
    d_min_contiguous: Array
    d_min_cctbx: Array


async def page_jobs(connection: AsyncConnection, *, experiment: str | None = None) -> list[PageJob]:
    """Every announced job that is not deleted, oldest run first."""
    runs = {run.run: run for run in await list_runs(connection, experiment=experiment)}
    return [
        PageJob(
            id=job.id,
            job=job.job,
            attempt=job.attempt,
            run=job.run,
            experiment=job.experiment,
            source=runs[job.run].source,
            number=runs[job.run].number,
            tags=job.tags,
            trial=job.trial,
            lane=job.recipe.lane,
            d_min_angstrom=job.recipe.d_min_angstrom,
            state=job.state,
            open=runs[job.run].ended_us is None,
            started_us=job.started_us,
            n_announced=runs[job.run].n_announced,
            cutoffs=job.recipe.cutoffs,
        )
        for job in await list_jobs(connection)
        if job.recipe is not None and job.state is not JobState.DELETED and job.run in runs
    ]


async def job_columns(
    connection: AsyncConnection, job: int, *, attempt: int, lane: Lane
) -> JobColumns:
    """The results of one attempt in one lane, in frame order."""
    query = (
        sa.select(*(_number(name) for name in COLUMNS))
        .where(
            FRAME.c.job_id == job,
            FRAME.c.lane == lane.value,
            FRAME.c.precedence >= attempt << ATTEMPT_SHIFT,
        )
        .order_by(FRAME.c.frame)
    )
    result = await connection.stream(query)
    parts = [_arrays([tuple(row) for row in rows]) async for rows in result.partitions(FETCH_ROWS)]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else None
    return JobColumns(**dict(zip(COLUMNS, joined or _arrays([]), strict=True)))


async def stored_offsets(connection: AsyncConnection, consumer: str) -> dict[tuple[str, int], int]:
    """The next offset of each partition whose rows are not in the database yet.

    Read it before the columns, then tail the topic from there: repeats do no harm.
    """
    rows = await connection.execute(
        sa.select(OFFSET.c.topic, OFFSET.c.partition_id, OFFSET.c.next_offset).where(
            OFFSET.c.consumer == consumer
        )
    )
    return {(topic, partition): next_offset for topic, partition, next_offset in rows}


def lane_number(lane: Lane) -> int:
    """The place of a lane in the database's enumeration, from 0."""
    return LANES.index(lane.value)


def outcome_name(number: int) -> str:
    """The outcome behind a number of the column `outcome`."""
    return OUTCOMES[number]


def _number(name: str) -> Any:
    column = FRAME.c[name]
    return (
        sa.type_coerce(column.op("+")(sa.text("0")), sa.Integer) - 1
        if name == "outcome"
        else column
    )


def _arrays(rows: list[tuple[Any, ...]]) -> list[Array]:
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    return [
        np.array(column, dtype) for column, dtype in zip(columns, COLUMNS.values(), strict=True)
    ]
