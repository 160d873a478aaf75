"""Which part of a job's live frames is indexed, from which arrival on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("job", sa.Column("index_fractions", mysql.MEDIUMTEXT(), nullable=True))


def downgrade() -> None:
    """Drop it: frames sent again after a crash may then be selected anew."""
    op.drop_column("job", "index_fractions")
