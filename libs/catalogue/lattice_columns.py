"""What the page asks of lattices: cells for a comparison, shell tables for another I/σ cut-off."""

from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.blobs import unpack_shells
from libs.catalogue.result_models import FrameRow, LatticeRow
from libs.messages import ATTEMPT_SHIFT, Lane, Shells

FRAME: Any = FrameRow.__table__
LATTICE: Any = LatticeRow.__table__
CELL = ("a_angstrom", "b_angstrom", "c_angstrom", "beta_deg")
CELL_DTYPE = np.dtype([("frame", "<i8"), ("precedence", "<i8"), ("cell", "<f8", (len(CELL),))])
Cells = np.ndarray[Any, np.dtype[Any]]


async def first_cells(connection: AsyncConnection, job: int, *, attempt: int, lane: Lane) -> Cells:
    """Of each frame that has one, the first lattice's a, b, c (Å) and β (°), in frame order.

    A structured array of CELL_DTYPE; `precedence` names the result that the lattice belongs to.
    """
    rows = await connection.execute(
        sa.select(LATTICE.c.frame, LATTICE.c.precedence, *(LATTICE.c[name] for name in CELL))
        .where(
            LATTICE.c.job_id == job,
            LATTICE.c.lane == lane.value,
            LATTICE.c.lattice == 0,
            LATTICE.c.precedence >= attempt << ATTEMPT_SHIFT,
        )
        .order_by(LATTICE.c.frame)
    )
    return np.array([(row[0], row[1], tuple(row[2:])) for row in rows], CELL_DTYPE)


async def newest_cells(
    connection: AsyncConnection, job: int, attempt: int, *, limit: int
) -> list[tuple[float, float, float, float, float, float]]:
    """a, b, c (Å), α, β, γ (°) of the first lattices of the newest indexed frames."""
    columns = ("a_angstrom", "b_angstrom", "c_angstrom", "alpha_deg", "beta_deg", "gamma_deg")
    rows = await connection.execute(
        sa.select(*(LATTICE.c[name] for name in columns))
        .where(
            LATTICE.c.job_id == job,
            LATTICE.c.lattice == 0,
            LATTICE.c.precedence >= attempt << ATTEMPT_SHIFT,
        )
        .order_by(LATTICE.c.frame.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


async def shell_tables(
    connection: AsyncConnection, job: int, *, attempt: int, lane: Lane
) -> list[tuple[int, int, Shells]]:
    """The tables of all lattices that have one, with frame and precedence, in frame order."""
    rows = await connection.execute(
        sa.select(LATTICE.c.frame, LATTICE.c.precedence, LATTICE.c.shells)
        .where(
            LATTICE.c.job_id == job,
            LATTICE.c.lane == lane.value,
            LATTICE.c.shells.is_not(None),
            LATTICE.c.precedence >= attempt << ATTEMPT_SHIFT,
        )
        .order_by(LATTICE.c.frame, LATTICE.c.lattice)
    )
    found = ((frame, precedence, unpack_shells(blob)) for frame, precedence, blob in rows)
    return [(frame, precedence, table) for frame, precedence, table in found if table is not None]


async def lanes_of(connection: AsyncConnection, job: int) -> list[Lane]:
    """The lanes in which a job has results."""
    rows = await connection.execute(
        sa.select(FRAME.c.lane).where(FRAME.c.job_id == job).distinct().order_by(FRAME.c.lane)
    )
    return [Lane(lane) for (lane,) in rows]
