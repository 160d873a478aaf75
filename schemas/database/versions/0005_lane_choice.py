"""A trial may leave its lane to the dispatcher (`automatic`); a job says which lane it got."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LANES = ("fast", "dials", "external", "other")
LANE = sa.Enum(*LANES, name="lane")
CHOICE = sa.Enum(*LANES, "automatic", name="lane_choice")


def upgrade() -> None:
    """One more word for trials; the lane of jobs that exist stands in their recipes."""
    op.alter_column("trial", "lane", existing_type=LANE, type_=CHOICE, existing_nullable=False)
    op.add_column("job", sa.Column("lane", LANE, server_default="dials", nullable=False))
    op.execute("UPDATE job SET lane = COALESCE(JSON_VALUE(recipe, '$.lane'), 'dials')")


def downgrade() -> None:
    """Trials without a choice ask for the fast lane, which is what they try first."""
    op.drop_column("job", "lane")
    op.execute("UPDATE trial SET lane = 'fast' WHERE lane = 'automatic'")
    op.alter_column("trial", "lane", existing_type=CHOICE, type_=LANE, existing_nullable=False)
