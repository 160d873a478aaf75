"""The other tables that the sink fills: arrivals, job changes, rates, advice, its own offsets."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from libs.catalogue.base import (
    CHARSET,
    Base,
    Count,
    CountOrNull,
    Double,
    DoubleOrNull,
    JobStateColumn,
    MediumText,
    UnsignedInt,
    UnsignedSmall,
    Us,
    UsOrNull,
)


class RunArrivalRow(Base):
    """One `FramesArrived`: their sum is what a run has announced so far."""

    __tablename__ = "run_arrival"
    __table_args__ = (CHARSET,)

    run_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    n_frames: Mapped[Count]
    announced_us: Mapped[Us]


class JobChangeRow(Base):
    """What became of a job, attempt by attempt, with the recipe that was in force."""

    __tablename__ = "job_change"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(UnsignedSmall, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(JobStateColumn, primary_key=True)
    recipe_hash: Mapped[str] = mapped_column(sa.String(16))
    recipe: Mapped[str] = mapped_column(MediumText)
    changed_us: Mapped[Us]


class RatesRow(Base):
    """The newest statistics of a job: counts, the six rates with intervals, the live windows.

    Agreement with the reference lane: null while no frame went through both.
    """

    __tablename__ = "rates"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    n_processed: Mapped[Count]
    n_selected: Mapped[Count]
    n_tried: Mapped[Count]
    n_solvent: Mapped[Count]
    n_hits: Mapped[Count]
    n_indexed: Mapped[Count]
    n_multi_lattice: Mapped[Count]
    n_high_quality: Mapped[Count]
    n_unreadable: Mapped[Count]
    n_announced: Mapped[Count]
    n_waiting: Mapped[Count]
    solvent_rate: Mapped[DoubleOrNull]
    solvent_rate_low: Mapped[DoubleOrNull]
    solvent_rate_high: Mapped[DoubleOrNull]
    hit_rate: Mapped[DoubleOrNull]
    hit_rate_low: Mapped[DoubleOrNull]
    hit_rate_high: Mapped[DoubleOrNull]
    indexing_rate: Mapped[DoubleOrNull]
    indexing_rate_low: Mapped[DoubleOrNull]
    indexing_rate_high: Mapped[DoubleOrNull]
    indexing_success_rate: Mapped[DoubleOrNull]
    indexing_success_rate_low: Mapped[DoubleOrNull]
    indexing_success_rate_high: Mapped[DoubleOrNull]
    multi_lattice_rate: Mapped[DoubleOrNull]
    multi_lattice_rate_low: Mapped[DoubleOrNull]
    multi_lattice_rate_high: Mapped[DoubleOrNull]
    high_quality_rate: Mapped[DoubleOrNull]
    high_quality_rate_low: Mapped[DoubleOrNull]
    high_quality_rate_high: Mapped[DoubleOrNull]
    index_fraction: Mapped[Double]
    preliminary: Mapped[bool]
    newest_ts_us: Mapped[UsOrNull]
    updated_us: Mapped[Us]
    live: Mapped[str] = mapped_column(MediumText)
    revision: Mapped[int] = mapped_column(sa.BigInteger)
    attempt: Mapped[int] = mapped_column(UnsignedSmall)
    agreement_rate: Mapped[DoubleOrNull]
    agreement_rate_low: Mapped[DoubleOrNull]
    agreement_rate_high: Mapped[DoubleOrNull]
    n_indexed_by_both: Mapped[CountOrNull]
    n_indexed_by_neither: Mapped[CountOrNull]
    n_indexed_by_own: Mapped[CountOrNull]
    n_indexed_by_reference: Mapped[CountOrNull]
    n_strong_difference_n: Mapped[CountOrNull]
    n_strong_difference: Mapped[DoubleOrNull]
    n_strong_difference_low: Mapped[DoubleOrNull]
    n_strong_difference_high: Mapped[DoubleOrNull]
    cell_percent_difference_n: Mapped[CountOrNull]
    cell_percent_difference: Mapped[DoubleOrNull]
    cell_percent_difference_low: Mapped[DoubleOrNull]
    cell_percent_difference_high: Mapped[DoubleOrNull]
    d_min_angstrom_difference_n: Mapped[CountOrNull]
    d_min_angstrom_difference: Mapped[DoubleOrNull]
    d_min_angstrom_difference_low: Mapped[DoubleOrNull]
    d_min_angstrom_difference_high: Mapped[DoubleOrNull]


class AdviceRow(Base):
    """Something that was wrong, since when, and when it was over."""

    __tablename__ = "advice"
    __table_args__ = (CHARSET,)

    job_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    cause: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    since_us: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(sa.String(16))
    evidence: Mapped[str] = mapped_column(MediumText)
    suggestion: Mapped[str] = mapped_column(sa.String(1000))
    raised_us: Mapped[UsOrNull]
    cleared_us: Mapped[UsOrNull]


class SinkOffsetRow(Base):
    """How far a partition is written; the epoch fences out a sink that was replaced."""

    __tablename__ = "sink_offset"
    __table_args__ = (CHARSET,)

    consumer: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    partition_id: Mapped[int] = mapped_column(UnsignedInt, primary_key=True, autoincrement=False)
    next_offset: Mapped[int] = mapped_column(sa.BigInteger)
    epoch: Mapped[int] = mapped_column(sa.BigInteger)
