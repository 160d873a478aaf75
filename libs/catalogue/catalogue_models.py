"""The tables that people edit: experiments, runs, tags, trials, run groups, jobs.

Normal and constrained; docs/database.md describes every column.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from libs.catalogue.base import (
    CHARSET,
    JOB_NAME_LENGTH,
    PATH_LENGTH,
    RUN_NAME_LENGTH,
    Base,
    Comment,
    Double,
    DoubleOrNull,
    Id,
    JobStateColumn,
    LaneChoiceColumn,
    LaneColumn,
    MediumText,
    Name,
    Path,
    TimestampSourceColumn,
    UnsignedInt,
    UnsignedSmall,
    Us,
    UsOrNull,
)


class ExperimentRow(Base):
    """Everything of one beamtime."""

    __tablename__ = "experiment"
    __table_args__ = (sa.UniqueConstraint("name"), CHARSET)

    id: Mapped[Id]
    name: Mapped[Name]


class RunRow(Base):
    """A stretch of data collection, as `RunStarted` and `RunEnded` tell it."""

    __tablename__ = "run"
    __table_args__ = (sa.UniqueConstraint("name"), CHARSET)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(RUN_NAME_LENGTH))
    experiment_id: Mapped[int] = mapped_column(UnsignedInt, sa.ForeignKey("experiment.id"))
    source: Mapped[Name]
    number: Mapped[Name]
    version: Mapped[int] = mapped_column(UnsignedInt)
    path: Mapped[str] = mapped_column(sa.String(PATH_LENGTH))
    started_us: Mapped[Us]
    started_source: Mapped[str] = mapped_column(TimestampSourceColumn)
    period_us: Mapped[UsOrNull]
    time_zone: Mapped[Name]
    announced_us: Mapped[Us]
    ended_us: Mapped[UsOrNull]
    n_frames: Mapped[UsOrNull]
    end_reason: Mapped[str | None] = mapped_column(sa.String(255))


class TagRow(Base):
    """A free label; a persistent one goes onto every new run."""

    __tablename__ = "tag"
    __table_args__ = (sa.UniqueConstraint("name"), CHARSET)

    id: Mapped[Id]
    name: Mapped[Name]
    persistent: Mapped[bool] = mapped_column(default=False)


class RunTagRow(Base):
    """Which run bears which tag."""

    __tablename__ = "run_tag"
    __table_args__ = (CHARSET,)

    run_id: Mapped[int] = mapped_column(
        UnsignedInt, sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        UnsignedInt, sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True
    )


class TrialRow(Base):
    """One set of crystal-side processing parameters; its id is the number in job names."""

    __tablename__ = "trial"
    __table_args__ = (sa.UniqueConstraint("name"), CHARSET)

    id: Mapped[Id]
    name: Mapped[Name]
    comment: Mapped[Comment]
    active: Mapped[bool] = mapped_column(default=False)
    activated_us: Mapped[UsOrNull]
    phil: Mapped[str] = mapped_column(MediumText)
    d_min_angstrom: Mapped[Double]
    lane: Mapped[str] = mapped_column(LaneChoiceColumn, default="automatic")
    min_spots_to_index: Mapped[int] = mapped_column(UnsignedInt, default=16)
    hit_cutoff: Mapped[int] = mapped_column(UnsignedInt, default=40)
    solvent_cutoff: Mapped[float] = mapped_column(sa.Double, default=1.0)
    lattices_cutoff: Mapped[int] = mapped_column(UnsignedInt, default=2)
    d_min_quality_angstrom: Mapped[float] = mapped_column(sa.Double, default=2.5)
    i_sigi_cutoff: Mapped[float] = mapped_column(sa.Double, default=1.0)
    timeout_cpu_s: Mapped[float] = mapped_column(sa.Double, default=60.0)
    timeout_wall_s: Mapped[float] = mapped_column(sa.Double, default=600.0)


class RunGroupRow(Base):
    """Runs with the same detector-side settings; `last_run` null means "from `first_run` on"."""

    __tablename__ = "run_group"
    __table_args__ = (sa.UniqueConstraint("name"), CHARSET)

    id: Mapped[Id]
    name: Mapped[Name]
    comment: Mapped[Comment]
    experiment: Mapped[str] = mapped_column(sa.String(64), default="*")
    source: Mapped[str] = mapped_column(sa.String(64), default="*")
    first_run: Mapped[UsOrNull]
    last_run: Mapped[UsOrNull]
    created_us: Mapped[Us]
    phil: Mapped[str] = mapped_column(MediumText, default="")
    geometry_path: Mapped[Path]
    mask_path: Mapped[Path]
    detector_address: Mapped[str | None] = mapped_column(sa.String(255))
    detector_distance_mm: Mapped[DoubleOrNull]
    solvent_high_two_theta_deg: Mapped[DoubleOrNull]
    solvent_low_two_theta_deg: Mapped[DoubleOrNull]
    solvent_high_angstrom: Mapped[float] = mapped_column(sa.Double, default=3.29)
    solvent_low_angstrom: Mapped[float] = mapped_column(sa.Double, default=5.97)


class TrialRunGroupRow(Base):
    """Which run groups a trial comprises."""

    __tablename__ = "trial_run_group"
    __table_args__ = (CHARSET,)

    trial_id: Mapped[int] = mapped_column(
        UnsignedInt, sa.ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True
    )
    run_group_id: Mapped[int] = mapped_column(
        UnsignedInt, sa.ForeignKey("run_group.id", ondelete="CASCADE"), primary_key=True
    )


class JobRow(Base):
    """The processing of one run under one trial and one run group, and how far it was sent out.

    A deleted job keeps its row: it says that results still on their way are not to be written.
    """

    __tablename__ = "job"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "trial_id", "run_group_id"),
        sa.UniqueConstraint("name"),
        CHARSET,
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(JOB_NAME_LENGTH))
    run_id: Mapped[int] = mapped_column(UnsignedInt, sa.ForeignKey("run.id"))
    trial_id: Mapped[int] = mapped_column(UnsignedInt, sa.ForeignKey("trial.id"))
    run_group_id: Mapped[int] = mapped_column(UnsignedInt, sa.ForeignKey("run_group.id"))
    attempt: Mapped[int] = mapped_column(UnsignedSmall, default=1)
    state: Mapped[str] = mapped_column(JobStateColumn, default="active")
    changed_us: Mapped[Us]
    live_from_us: Mapped[Us]
    recipe: Mapped[str | None] = mapped_column(MediumText)
    recipe_hash: Mapped[str | None] = mapped_column(sa.String(16))
    lane: Mapped[str] = mapped_column(LaneColumn, server_default="dials")
    next_sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    index_fractions: Mapped[str | None] = mapped_column(MediumText)
    completed_sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    announced_attempt: Mapped[int | None] = mapped_column(UnsignedSmall)
    announced_state: Mapped[str | None] = mapped_column(JobStateColumn)
    purged: Mapped[bool] = mapped_column(default=False)
