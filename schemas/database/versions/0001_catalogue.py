"""Tables that people edit: experiment, run, tag, trial, run group, job."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "experiment",
        sa.Column("id", mysql.INTEGER(unsigned=True), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_experiment_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "run_group",
        sa.Column("id", mysql.INTEGER(unsigned=True), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=False),
        sa.Column("experiment", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("first_run", sa.BigInteger(), nullable=True),
        sa.Column("last_run", sa.BigInteger(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("phil", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("geometry_path", sa.String(length=1024), nullable=True),
        sa.Column("mask_path", sa.String(length=1024), nullable=True),
        sa.Column("detector_address", sa.String(length=255), nullable=True),
        sa.Column("detector_distance_mm", sa.Double(), nullable=True),
        sa.Column("solvent_high_two_theta_deg", sa.Double(), nullable=True),
        sa.Column("solvent_low_two_theta_deg", sa.Double(), nullable=True),
        sa.Column("solvent_high_angstrom", sa.Double(), nullable=False),
        sa.Column("solvent_low_angstrom", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_run_group_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "tag",
        sa.Column("id", mysql.INTEGER(unsigned=True), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("persistent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_tag_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "trial",
        sa.Column("id", mysql.INTEGER(unsigned=True), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("activated_us", sa.BigInteger(), nullable=True),
        sa.Column("phil", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("d_min_angstrom", sa.Double(), nullable=False),
        sa.Column(
            "lane", sa.Enum("fast", "dials", "external", "other", name="lane"), nullable=False
        ),
        sa.Column("min_spots_to_index", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("hit_cutoff", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("solvent_cutoff", sa.Double(), nullable=False),
        sa.Column("lattices_cutoff", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("d_min_quality_angstrom", sa.Double(), nullable=False),
        sa.Column("i_sigi_cutoff", sa.Double(), nullable=False),
        sa.Column("timeout_cpu_s", sa.Double(), nullable=False),
        sa.Column("timeout_wall_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_trial_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "run",
        sa.Column("id", mysql.INTEGER(unsigned=True), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=240), nullable=False),
        sa.Column("experiment_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("version", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "started_source",
            sa.Enum("frame", "run_start_and_period", "file_time", "other", name="timestamp_source"),
            nullable=False,
        ),
        sa.Column("period_us", sa.BigInteger(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("announced_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("n_frames", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_run_experiment_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_run_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "trial_run_group",
        sa.Column("trial_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("run_group_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_group_id"],
            ["run_group.id"],
            name=op.f("fk_trial_run_group_run_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trial.id"], name=op.f("fk_trial_run_group_trial_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "run_group_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "job",
        sa.Column("id", mysql.INTEGER(unsigned=True), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("run_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("trial_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("run_group_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("attempt", mysql.SMALLINT(unsigned=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum("active", "stopped", "deleted", "other", name="job_state"),
            nullable=False,
        ),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("live_from_us", sa.BigInteger(), nullable=False),
        sa.Column("recipe", mysql.MEDIUMTEXT(), nullable=True),
        sa.Column("recipe_hash", sa.String(length=16), nullable=True),
        sa.Column("next_sequence", sa.BigInteger(), nullable=False),
        sa.Column("announced_attempt", mysql.SMALLINT(unsigned=True), nullable=True),
        sa.Column(
            "announced_state",
            sa.Enum("active", "stopped", "deleted", "other", name="job_state"),
            nullable=True,
        ),
        sa.Column("purged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_group_id"], ["run_group.id"], name=op.f("fk_job_run_group_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_job_run_id")),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_job_trial_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_job_name")),
        sa.UniqueConstraint(
            "run_id", "trial_id", "run_group_id", name=op.f("uq_job_run_id_trial_id_run_group_id")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "run_tag",
        sa.Column("run_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("tag_id", mysql.INTEGER(unsigned=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_tag_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tag.id"], name=op.f("fk_run_tag_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "tag_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    op.drop_table("run_tag")
    op.drop_table("job")
    op.drop_table("trial_run_group")
    op.drop_table("run")
    op.drop_table("trial")
    op.drop_table("tag")
    op.drop_table("run_group")
    op.drop_table("experiment")
