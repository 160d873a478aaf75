"""Which part of a job's live frames is indexed, and how far the rest was sent again later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("job", sa.Column("index_fractions", mysql.MEDIUMTEXT(), nullable=True))
    op.add_column(
        "job",
        sa.Column("completed_sequence", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.alter_column(
        "job",
        "completed_sequence",
        existing_type=sa.BigInteger(),
        server_default=None,
        existing_nullable=False,
    )


def downgrade() -> None:
    """Drop them: frames sent again after a crash may then be selected anew."""
    op.drop_column("job", "completed_sequence")
    op.drop_column("job", "index_fractions")
