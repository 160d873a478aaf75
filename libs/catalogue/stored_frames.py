"""Stored results of frames as messages again: one frame for the page, all of a job for checks."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.blobs import unpack_matrix, unpack_shells
from libs.catalogue.jobs import JobRecord
from libs.catalogue.result_models import BatchOriginRow, FileRow, FrameRow, LatticeRow
from libs.messages import (
    ATTEMPT_SHIFT,
    FrameNumber,
    FrameResult,
    JobId,
    Lane,
    Lattice,
    Outcome,
    RunId,
    StagesUs,
    TimestampSource,
    TimingsMs,
)

FRAME: Any = FrameRow.__table__
LATTICE: Any = LatticeRow.__table__
FILE: Any = FileRow.__table__
ORIGIN: Any = BatchOriginRow.__table__
TIMINGS = TimingsMs.__struct_fields__
STAGES = StagesUs.__struct_fields__


class StoredFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One result with everything that is known of where it comes from."""

    job: JobId
    run: RunId
    attempt: int
    lane: Lane
    file: str
    recipe: str
    worker: str
    versions: dict[str, str]
    index_fraction: float
    precedence: int
    result: FrameResult


async def stored_frame(
    connection: AsyncConnection, job: JobRecord, frame: int, lane: Lane
) -> StoredFrame | None:
    """One frame of a job's present attempt, or None."""
    found = await _load(
        connection, job, sa.and_(FRAME.c.frame == frame, FRAME.c.lane == lane.value)
    )
    return found[0] if found else None


async def stored_frames(connection: AsyncConnection, job: JobRecord) -> list[StoredFrame]:
    """All results of a job's present attempt, all lanes, in frame order."""
    return await _load(connection, job, sa.true())


async def _load(connection: AsyncConnection, job: JobRecord, which: Any) -> list[StoredFrame]:
    counted = sa.and_(
        FRAME.c.job_id == job.id, FRAME.c.precedence >= job.attempt << ATTEMPT_SHIFT, which
    )
    frames = await connection.execute(
        sa.select(FRAME, FILE.c.path, *(ORIGIN.c[n] for n in _ORIGIN_COLUMNS))
        .join(FILE, FILE.c.id == FRAME.c.file_id)
        .join(ORIGIN, ORIGIN.c.id == FRAME.c.origin_id)
        .where(counted)
        .order_by(FRAME.c.frame, FRAME.c.lane)
    )
    same = [LATTICE.c[name] == FRAME.c[name] for name in ("job_id", "frame", "lane", "precedence")]
    lattices = _by_frame(
        await connection.execute(
            sa.select(LATTICE)
            .join(FRAME, sa.and_(*same))
            .where(counted)
            .order_by(LATTICE.c.lattice)
        )
    )
    return [_stored(row, job, lattices.get((row.frame, row.lane), ())) for row in frames]


_ORIGIN_COLUMNS = ("recipe", "worker", "versions", "index_fraction")


def _by_frame(rows: Iterable[Any]) -> dict[tuple[int, str], tuple[Lattice, ...]]:
    found: dict[tuple[int, str], tuple[Lattice, ...]] = {}
    for row in rows:
        key = (row.frame, row.lane)
        found[key] = (*found.get(key, ()), _lattice(row))
    return found


def _lattice(row: Any) -> Lattice:
    lengths = (row.a_angstrom, row.b_angstrom, row.c_angstrom)
    known = row.offset_fast_px is not None
    return Lattice(
        unit_cell=(*lengths, row.alpha_deg, row.beta_deg, row.gamma_deg),
        space_group=row.space_group,
        a_matrix=unpack_matrix(row.a_matrix),
        n_indexed=row.n_indexed,
        n_integrated=row.n_integrated,
        rmsd_px=row.rmsd_px,
        offset_px=(row.offset_fast_px, row.offset_slow_px) if known else None,
        d_min_contiguous=row.d_min_contiguous,
        d_min_cctbx=row.d_min_cctbx,
        shells=unpack_shells(row.shells),
    )


def _stored(row: Any, job: JobRecord, lattices: tuple[Lattice, ...]) -> StoredFrame:
    return StoredFrame(
        job=job.job,
        run=job.run,
        attempt=row.precedence >> ATTEMPT_SHIFT,
        lane=Lane(row.lane),
        file=row.path,
        recipe=row.recipe,
        worker=row.worker,
        versions=json.loads(row.versions),
        index_fraction=row.index_fraction,
        precedence=row.precedence,
        result=_result(row, lattices),
    )


def _result(row: Any, lattices: tuple[Lattice, ...]) -> FrameResult:
    return FrameResult(
        frame=FrameNumber(row.frame),
        index_in_file=row.index_in_file,
        ts_us=row.ts_us,
        ts_source=TimestampSource(row.ts_source),
        outcome=Outcome(row.outcome),
        reason=row.reason or "",
        n_strong=row.n_strong,
        indexing_tried=bool(row.indexing_tried),
        solvent_ratio=row.solvent_ratio,
        solvent_ratio_cctbx=row.solvent_ratio_cctbx,
        ring_low=row.ring_low,
        ring_high=row.ring_high,
        wavelength_angstrom=row.wavelength_angstrom,
        d_min_contiguous=row.d_min_contiguous,
        d_min_cctbx=row.d_min_cctbx,
        lattices=lattices,
        timings_ms=TimingsMs(**{name: getattr(row, f"{name}_ms") for name in TIMINGS}),
        stages_us=StagesUs(**{name: getattr(row, f"{name}_us") for name in STAGES}),
    )
