"""What all tables have in common: names of constraints, character set, column types."""

from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, mapped_column

from libs.messages import JobState, Lane, Outcome, TimestampSource

CHARSET = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
NAME_LENGTH = 64
RUN_NAME_LENGTH = 240
JOB_NAME_LENGTH = 255
PATH_LENGTH = 1024

LANES = tuple(lane.value for lane in Lane)
OUTCOMES = tuple(outcome.value for outcome in Outcome)
TIMESTAMP_SOURCES = tuple(source.value for source in TimestampSource)
JOB_STATES = tuple(state.value for state in JobState)

UnsignedInt = mysql.INTEGER(unsigned=True)
UnsignedBig = mysql.BIGINT(unsigned=True)
UnsignedSmall = mysql.SMALLINT(unsigned=True)
UnsignedTiny = mysql.TINYINT(unsigned=True)
MediumText = mysql.MEDIUMTEXT()
Float32 = sa.Float(24)

LaneColumn = sa.Enum(*LANES, name="lane")
LaneChoiceColumn = sa.Enum(*LANES, "automatic", name="lane_choice")
OutcomeColumn = sa.Enum(*OUTCOMES, name="outcome")
TimestampSourceColumn = sa.Enum(*TIMESTAMP_SOURCES, name="timestamp_source")
JobStateColumn = sa.Enum(*JOB_STATES, name="job_state")

Id = Annotated[int, mapped_column(UnsignedInt, primary_key=True, autoincrement=True)]
Us = Annotated[int, mapped_column(sa.BigInteger)]
UsOrNull = Annotated[int | None, mapped_column(sa.BigInteger)]
Name = Annotated[str, mapped_column(sa.String(NAME_LENGTH))]
Comment = Annotated[str, mapped_column(sa.String(1000), default="")]
Path = Annotated[str | None, mapped_column(sa.String(PATH_LENGTH))]
Double = Annotated[float, mapped_column(sa.Double)]
DoubleOrNull = Annotated[float | None, mapped_column(sa.Double)]
FloatOrNull = Annotated[float | None, mapped_column(Float32)]
Count = Annotated[int, mapped_column(UnsignedInt)]
CountOrNull = Annotated[int | None, mapped_column(UnsignedInt)]


class Base(DeclarativeBase):
    """The catalogue's metadata."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )
