"""Roll-ups of frames for long ranges, and by which cut-offs they were counted.

The sink makes them anew from `frame` wherever a frame of theirs changes: they are never added to,
so they cannot drift from the frames.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from libs.catalogue.base import (
    CHARSET,
    Base,
    Count,
    Double,
    LaneColumn,
    UnsignedBig,
    UnsignedInt,
    UnsignedSmall,
    Us,
)

ROLLUP_WIDTHS = (100, 10_000)
"""Frame numbers in one roll-up: 3.3 s and 5.6 min at 30 Hz."""


class FrameRollupRow(Base):
    """What the frames `bucket * width` up to `(bucket + 1) * width` of a job and lane count as."""

    __tablename__ = "frame_rollup"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    width: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str] = mapped_column(LaneColumn, primary_key=True)
    first_ts_us: Mapped[Us]
    last_ts_us: Mapped[Us]
    n_results: Mapped[Count]
    n_processed: Mapped[Count]
    n_selected: Mapped[Count]
    n_tried: Mapped[Count]
    n_solvent: Mapped[Count]
    n_hits: Mapped[Count]
    n_indexed: Mapped[Count]
    n_multi_lattice: Mapped[Count]
    n_high_quality: Mapped[Count]
    n_unreadable: Mapped[Count]
    n_crashed: Mapped[Count]
    n_timed_out: Mapped[Count]
    strong_sum: Mapped[int] = mapped_column(UnsignedBig)
    strong_min: Mapped[int | None] = mapped_column(UnsignedInt)
    strong_max: Mapped[int | None] = mapped_column(UnsignedInt)


class RollupRulesRow(Base):
    """By what a job's roll-ups were counted; locked by whoever writes frames of the job."""

    __tablename__ = "rollup_rules"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(UnsignedSmall)
    hit_cutoff: Mapped[Count]
    solvent_cutoff: Mapped[Double]
    lattices_cutoff: Mapped[Count]
    d_min_quality_angstrom: Mapped[Double]
