"""Roll-ups of frames for long ranges; the sink fills them when it next writes frames of a job."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
COUNTS = (
    "n_results", "n_processed", "n_selected", "n_tried", "n_solvent", "n_hits", "n_indexed",
    "n_multi_lattice", "n_high_quality", "n_unreadable", "n_crashed", "n_timed_out",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    unsigned, big = mysql.INTEGER(unsigned=True), mysql.BIGINT(unsigned=True)
    op.create_table(
        "frame_rollup",
        sa.Column("job_id", unsigned, autoincrement=False, nullable=False),
        sa.Column("width", unsigned, autoincrement=False, nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "lane", sa.Enum("fast", "dials", "external", "other", name="lane"), nullable=False
        ),
        sa.Column("first_ts_us", sa.BigInteger(), nullable=False),
        sa.Column("last_ts_us", sa.BigInteger(), nullable=False),
        *(sa.Column(name, unsigned, nullable=False) for name in COUNTS),
        sa.Column("strong_sum", big, nullable=False),
        sa.Column("strong_min", unsigned, nullable=True),
        sa.Column("strong_max", unsigned, nullable=True),
        sa.PrimaryKeyConstraint("job_id", "width", "bucket", "lane"),
        **TABLE,
    )
    op.create_table(
        "rollup_rules",
        sa.Column("job_id", unsigned, autoincrement=False, nullable=False),
        sa.Column("attempt", mysql.SMALLINT(unsigned=True), nullable=False),
        sa.Column("hit_cutoff", unsigned, nullable=False),
        sa.Column("solvent_cutoff", sa.Double(), nullable=False),
        sa.Column("lattices_cutoff", unsigned, nullable=False),
        sa.Column("d_min_quality_angstrom", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
        **TABLE,
    )


def downgrade() -> None:
    """Drop them: they can be made again from the frames."""
    op.drop_table("rollup_rules")
    op.drop_table("frame_rollup")
