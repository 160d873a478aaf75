"""The agreement of a job's own lane with the reference lane, beside its statistics bar."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RATE = ("agreement_rate", "agreement_rate_low", "agreement_rate_high")
WHO = ("both", "neither", "own", "reference")
QUANTITIES = ("n_strong", "cell_percent", "d_min_angstrom")


def upgrade() -> None:
    """Add the columns: null until a job's next rates come."""
    unsigned, double = mysql.INTEGER(unsigned=True), sa.Double()
    for name in RATE:
        op.add_column("rates", sa.Column(name, double, nullable=True))
    for who in WHO:
        op.add_column("rates", sa.Column(f"n_indexed_by_{who}", unsigned, nullable=True))
    for quantity in QUANTITIES:
        op.add_column("rates", sa.Column(f"{quantity}_difference_n", unsigned, nullable=True))
        for bound in ("", "_low", "_high"):
            name = f"{quantity}_difference{bound}"
            op.add_column("rates", sa.Column(name, double, nullable=True))


def downgrade() -> None:
    """Drop them: the rates topic has them still."""
    for quantity in reversed(QUANTITIES):
        for part in ("_high", "_low", "", "_n"):
            op.drop_column("rates", f"{quantity}_difference{part}")
    for name in (*(f"n_indexed_by_{who}" for who in reversed(WHO)), *reversed(RATE)):
        op.drop_column("rates", name)
