"""The tables that the sink fills: frames and what belongs to them; narrow, clustered by job.

No foreign key on purpose: the sink reads the job's row with a shared lock instead, once per
transaction. Ids of `file` and `batch_origin` are hashes of their content, so that rows do not
depend on the order in which results arrive.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from libs.catalogue.base import (
    CHARSET,
    PATH_LENGTH,
    Base,
    Count,
    Double,
    DoubleOrNull,
    FloatOrNull,
    LaneColumn,
    MediumText,
    OutcomeColumn,
    TimestampSourceColumn,
    UnsignedBig,
    UnsignedInt,
    UnsignedSmall,
    UnsignedTiny,
    Us,
    UsOrNull,
)

SPACE_GROUP_LENGTH = 32
REASON_LENGTH = 255
WORKER_LENGTH = 255
SHELLS_LENGTH = 168
A_MATRIX_LENGTH = 72


class FileRow(Base):
    """A file that holds frames; `id` is the first 63 bits of a hash of the path."""

    __tablename__ = "file"
    __table_args__ = (CHARSET,)

    id: Mapped[int] = mapped_column(UnsignedBig, primary_key=True, autoincrement=False)
    path: Mapped[str] = mapped_column(sa.String(PATH_LENGTH))


class BatchOriginRow(Base):
    """What the frames of a batch share: recipe, software, worker, sampling."""

    __tablename__ = "batch_origin"
    __table_args__ = (CHARSET,)

    id: Mapped[int] = mapped_column(UnsignedBig, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(UnsignedSmall)
    recipe: Mapped[str] = mapped_column(sa.String(64))
    worker: Mapped[str] = mapped_column(sa.String(WORKER_LENGTH))
    versions: Mapped[str] = mapped_column(MediumText)
    index_fraction: Mapped[Double]


class FrameRow(Base):
    """The result of one frame in one lane that counts: the one with the largest precedence."""

    __tablename__ = "frame"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    frame: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str] = mapped_column(LaneColumn, primary_key=True)
    ts_us: Mapped[Us]
    ts_source: Mapped[str] = mapped_column(TimestampSourceColumn)
    outcome: Mapped[str] = mapped_column(OutcomeColumn)
    reason: Mapped[str | None] = mapped_column(sa.String(REASON_LENGTH))
    n_strong: Mapped[Count]
    indexing_tried: Mapped[bool]
    n_lattices: Mapped[int] = mapped_column(UnsignedTiny)
    solvent_ratio: Mapped[DoubleOrNull]
    solvent_ratio_cctbx: Mapped[DoubleOrNull]
    ring_low: Mapped[FloatOrNull]
    ring_high: Mapped[FloatOrNull]
    wavelength_angstrom: Mapped[DoubleOrNull]
    d_min_contiguous: Mapped[DoubleOrNull]
    d_min_cctbx: Mapped[DoubleOrNull]
    file_id: Mapped[int] = mapped_column(UnsignedBig)
    index_in_file: Mapped[Count]
    origin_id: Mapped[int] = mapped_column(UnsignedBig)
    read_ms: Mapped[FloatOrNull]
    find_ms: Mapped[FloatOrNull]
    index_ms: Mapped[FloatOrNull]
    refine_ms: Mapped[FloatOrNull]
    integrate_ms: Mapped[FloatOrNull]
    written_us: Mapped[UsOrNull]
    announced_us: Mapped[UsOrNull]
    dispatched_us: Mapped[UsOrNull]
    taken_us: Mapped[UsOrNull]
    done_us: Mapped[UsOrNull]
    precedence: Mapped[int] = mapped_column(UnsignedBig)


class LatticeRow(Base):
    """One lattice of the frame's result that counts."""

    __tablename__ = "lattice"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    frame: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str] = mapped_column(LaneColumn, primary_key=True)
    lattice: Mapped[int] = mapped_column(UnsignedTiny, primary_key=True, autoincrement=False)
    a_angstrom: Mapped[Double]
    b_angstrom: Mapped[Double]
    c_angstrom: Mapped[Double]
    alpha_deg: Mapped[Double]
    beta_deg: Mapped[Double]
    gamma_deg: Mapped[Double]
    space_group: Mapped[str] = mapped_column(sa.String(SPACE_GROUP_LENGTH))
    a_matrix: Mapped[bytes] = mapped_column(sa.VARBINARY(A_MATRIX_LENGTH))
    n_indexed: Mapped[Count]
    n_integrated: Mapped[Count]
    rmsd_px: Mapped[FloatOrNull]
    offset_fast_px: Mapped[FloatOrNull]
    offset_slow_px: Mapped[FloatOrNull]
    d_min_contiguous: Mapped[DoubleOrNull]
    d_min_cctbx: Mapped[DoubleOrNull]
    shells: Mapped[bytes | None] = mapped_column(sa.VARBINARY(SHELLS_LENGTH))
    precedence: Mapped[int] = mapped_column(UnsignedBig)


class BatchProfileRow(Base):
    """Mean radial profile and histogram of spot distances of a batch of frames."""

    __tablename__ = "batch_profile"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    first_frame: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str] = mapped_column(LaneColumn, primary_key=True)
    n_frames: Mapped[Count]
    two_theta_step_deg: Mapped[DoubleOrNull]
    radial_n_frames: Mapped[int | None] = mapped_column(UnsignedInt)
    radial_mean: Mapped[bytes | None] = mapped_column(mysql.MEDIUMBLOB())
    distance_step_per_angstrom: Mapped[DoubleOrNull]
    distance_n_frames: Mapped[int | None] = mapped_column(UnsignedInt)
    distance_counts: Mapped[bytes | None] = mapped_column(mysql.MEDIUMBLOB())
    precedence: Mapped[int] = mapped_column(UnsignedBig)
