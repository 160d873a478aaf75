"""A trial may leave the choice of its lane to the dispatcher: `automatic`."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LANES = ("fast", "dials", "external", "other")
OLD = sa.Enum(*LANES, name="lane")
NEW = sa.Enum(*LANES, "automatic", name="lane_choice")


def upgrade() -> None:
    """One more word."""
    op.alter_column("trial", "lane", existing_type=OLD, type_=NEW, existing_nullable=False)


def downgrade() -> None:
    """Such trials ask for the fast lane, which is what they try first."""
    op.execute("UPDATE trial SET lane = 'fast' WHERE lane = 'automatic'")
    op.alter_column("trial", "lane", existing_type=NEW, type_=OLD, existing_nullable=False)
