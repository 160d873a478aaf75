"""Tables that the sink fills: frames, lattices, rates, advice, offsets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "advice",
        sa.Column("job_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("since_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("evidence", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("suggestion", sa.String(length=1000), nullable=False),
        sa.Column("raised_us", sa.BigInteger(), nullable=True),
        sa.Column("cleared_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "cause", "since_us"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "batch_origin",
        sa.Column("id", mysql.BIGINT(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("attempt", mysql.SMALLINT(unsigned=True), nullable=False),
        sa.Column("recipe", sa.String(length=64), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=False),
        sa.Column("versions", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("index_fraction", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "batch_profile",
        sa.Column("job_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("first_frame", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "lane", sa.Enum("fast", "dials", "external", "other", name="lane"), nullable=False
        ),
        sa.Column("n_frames", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("two_theta_step_deg", sa.Double(), nullable=True),
        sa.Column("radial_n_frames", mysql.INTEGER(unsigned=True), nullable=True),
        sa.Column("radial_mean", mysql.MEDIUMBLOB(), nullable=True),
        sa.Column("distance_step_per_angstrom", sa.Double(), nullable=True),
        sa.Column("distance_n_frames", mysql.INTEGER(unsigned=True), nullable=True),
        sa.Column("distance_counts", mysql.MEDIUMBLOB(), nullable=True),
        sa.Column("precedence", mysql.BIGINT(unsigned=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "first_frame", "lane"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "file",
        sa.Column("id", mysql.BIGINT(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "frame",
        sa.Column("job_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("frame", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "lane", sa.Enum("fast", "dials", "external", "other", name="lane"), nullable=False
        ),
        sa.Column("ts_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "ts_source",
            sa.Enum("frame", "run_start_and_period", "file_time", "other", name="timestamp_source"),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "processed",
                "screened",
                "unreadable",
                "crashed",
                "timed_out",
                "other",
                name="outcome",
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("n_strong", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("indexing_tried", sa.Boolean(), nullable=False),
        sa.Column("n_lattices", mysql.TINYINT(unsigned=True), nullable=False),
        sa.Column("solvent_ratio", sa.Double(), nullable=True),
        sa.Column("solvent_ratio_cctbx", sa.Double(), nullable=True),
        sa.Column("ring_low", sa.Float(precision=24), nullable=True),
        sa.Column("ring_high", sa.Float(precision=24), nullable=True),
        sa.Column("wavelength_angstrom", sa.Double(), nullable=True),
        sa.Column("d_min_contiguous", sa.Double(), nullable=True),
        sa.Column("d_min_cctbx", sa.Double(), nullable=True),
        sa.Column("file_id", mysql.BIGINT(unsigned=True), nullable=False),
        sa.Column("index_in_file", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("origin_id", mysql.BIGINT(unsigned=True), nullable=False),
        sa.Column("read_ms", sa.Float(precision=24), nullable=True),
        sa.Column("find_ms", sa.Float(precision=24), nullable=True),
        sa.Column("index_ms", sa.Float(precision=24), nullable=True),
        sa.Column("refine_ms", sa.Float(precision=24), nullable=True),
        sa.Column("integrate_ms", sa.Float(precision=24), nullable=True),
        sa.Column("written_us", sa.BigInteger(), nullable=True),
        sa.Column("announced_us", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_us", sa.BigInteger(), nullable=True),
        sa.Column("taken_us", sa.BigInteger(), nullable=True),
        sa.Column("done_us", sa.BigInteger(), nullable=True),
        sa.Column("precedence", mysql.BIGINT(unsigned=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "frame", "lane"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "job_change",
        sa.Column("job_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("attempt", mysql.SMALLINT(unsigned=True), autoincrement=False, nullable=False),
        sa.Column(
            "state",
            sa.Enum("active", "stopped", "deleted", "other", name="job_state"),
            nullable=False,
        ),
        sa.Column("recipe_hash", sa.String(length=16), nullable=False),
        sa.Column("recipe", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "attempt", "state"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "lattice",
        sa.Column("job_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("frame", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "lane", sa.Enum("fast", "dials", "external", "other", name="lane"), nullable=False
        ),
        sa.Column("lattice", mysql.TINYINT(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("a_angstrom", sa.Double(), nullable=False),
        sa.Column("b_angstrom", sa.Double(), nullable=False),
        sa.Column("c_angstrom", sa.Double(), nullable=False),
        sa.Column("alpha_deg", sa.Double(), nullable=False),
        sa.Column("beta_deg", sa.Double(), nullable=False),
        sa.Column("gamma_deg", sa.Double(), nullable=False),
        sa.Column("space_group", sa.String(length=32), nullable=False),
        sa.Column("a_matrix", sa.VARBINARY(length=72), nullable=False),
        sa.Column("n_indexed", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_integrated", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("rmsd_px", sa.Float(precision=24), nullable=True),
        sa.Column("offset_fast_px", sa.Float(precision=24), nullable=True),
        sa.Column("offset_slow_px", sa.Float(precision=24), nullable=True),
        sa.Column("d_min_contiguous", sa.Double(), nullable=True),
        sa.Column("d_min_cctbx", sa.Double(), nullable=True),
        sa.Column("shells", sa.VARBINARY(length=168), nullable=True),
        sa.Column("precedence", mysql.BIGINT(unsigned=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "frame", "lane", "lattice"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rates",
        sa.Column("job_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("n_processed", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_selected", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_tried", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_solvent", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_hits", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_indexed", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_multi_lattice", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_high_quality", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_unreadable", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_announced", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("n_waiting", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("solvent_rate", sa.Double(), nullable=True),
        sa.Column("solvent_rate_low", sa.Double(), nullable=True),
        sa.Column("solvent_rate_high", sa.Double(), nullable=True),
        sa.Column("hit_rate", sa.Double(), nullable=True),
        sa.Column("hit_rate_low", sa.Double(), nullable=True),
        sa.Column("hit_rate_high", sa.Double(), nullable=True),
        sa.Column("indexing_rate", sa.Double(), nullable=True),
        sa.Column("indexing_rate_low", sa.Double(), nullable=True),
        sa.Column("indexing_rate_high", sa.Double(), nullable=True),
        sa.Column("indexing_success_rate", sa.Double(), nullable=True),
        sa.Column("indexing_success_rate_low", sa.Double(), nullable=True),
        sa.Column("indexing_success_rate_high", sa.Double(), nullable=True),
        sa.Column("multi_lattice_rate", sa.Double(), nullable=True),
        sa.Column("multi_lattice_rate_low", sa.Double(), nullable=True),
        sa.Column("multi_lattice_rate_high", sa.Double(), nullable=True),
        sa.Column("high_quality_rate", sa.Double(), nullable=True),
        sa.Column("high_quality_rate_low", sa.Double(), nullable=True),
        sa.Column("high_quality_rate_high", sa.Double(), nullable=True),
        sa.Column("index_fraction", sa.Double(), nullable=False),
        sa.Column("preliminary", sa.Boolean(), nullable=False),
        sa.Column("newest_ts_us", sa.BigInteger(), nullable=True),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("live", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("attempt", mysql.SMALLINT(unsigned=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "run_arrival",
        sa.Column("run_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n_frames", mysql.INTEGER(unsigned=True), nullable=False),
        sa.Column("announced_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "sequence"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "sink_offset",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column(
            "partition_id", mysql.INTEGER(unsigned=True), autoincrement=False, nullable=False
        ),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition_id"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    op.drop_table("sink_offset")
    op.drop_table("run_arrival")
    op.drop_table("rates")
    op.drop_table("lattice")
    op.drop_table("job_change")
    op.drop_table("frame")
    op.drop_table("file")
    op.drop_table("batch_profile")
    op.drop_table("batch_origin")
    op.drop_table("advice")
