"""What the database holds of the frames that a transaction brings, and which of both counts."""

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.database_sink import statements as sql
from services.database_sink.bulk import execute
from services.database_sink.frame_rows import LANE_ORDER, FrameKey, FrameRows

SPARSE = 4
"""Frames are asked for one by one where a range would hold so many times as many numbers."""
STALE_SLICE = 1000


def wins(result: FrameRows, stored: int | None) -> bool:
    """Whether a result replaces the stored one: of equal ones, which differ in timings at most,
    the first stays."""
    return stored is None or result.frame.precedence > stored


async def stored_precedences(
    connection: AsyncConnection, job_id: int, keys: Collection[FrameKey]
) -> dict[FrameKey, int]:
    """The precedence of each result that is stored of these frames (and of some others)."""
    if not keys:
        return {}
    where = condition({frame for frame, _ in keys})
    rows = await execute(connection, sql.STORED.format(job=job_id, frames=where))
    return {(frame, LANE_ORDER[lane]): won for frame, lane, won in rows}


def condition(frames: set[int]) -> str:
    """SQL that finds these frames, as one range where they lie close together. Pure."""
    low, high = min(frames), max(frames)
    if high - low < SPARSE * len(frames):
        return f"BETWEEN {low} AND {high}"
    return f"IN ({listed(sorted(frames))})"


def listed(numbers: Sequence[int]) -> str:
    """Numbers as SQL text. Pure."""
    return ",".join(map(str, numbers))


async def delete_stale(
    connection: AsyncConnection, job_id: int, replaced: Sequence[FrameRows]
) -> None:
    """The lattices of results that were replaced."""
    frames = [result.frame.frame for result in replaced]
    for start in range(0, len(frames), STALE_SLICE):
        part = listed(frames[start : start + STALE_SLICE])
        await execute(connection, sql.STALE_LATTICES.format(job=job_id, frames=part))
