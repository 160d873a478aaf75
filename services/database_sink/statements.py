"""The SQL of the sink, made from the tables' own columns.

`VALUES(column)` is understood by MariaDB and by MySQL 8; the deciding column is assigned last,
because assignments of an upsert see those before them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from libs.catalogue import result_models as results
from libs.catalogue import summary_models as summaries


def columns_of(row: type[Any]) -> list[str]:
    """The names of a table's columns, in order."""
    return [column.name for column in row.__table__.columns]


def insert_sql(row: type[Any], updates: Sequence[str]) -> str:
    """A multi-row INSERT with these updates for rows that exist."""
    names = columns_of(row)
    listed = ", ".join(f"`{name}`" for name in names)
    marks = ", ".join(["%s"] * len(names))
    return (
        f"INSERT INTO `{row.__tablename__}` ({listed}) VALUES ({marks}) "  # noqa: S608
        f"ON DUPLICATE KEY UPDATE {', '.join(updates)}"
    )


def winner_sql(row: type[Any], condition: str, last: Mapping[str, str]) -> str:
    """An upsert in which the row that meets the condition replaces the other as a whole.

    `last` holds the assignments of the columns that the condition reads.
    """
    keys = {column.name for column in row.__table__.primary_key}
    updates = [
        f"`{name}` = IF({condition}, VALUES(`{name}`), `{name}`)"
        for name in columns_of(row)
        if name not in keys and name not in last
    ]
    return insert_sql(row, [*updates, *last.values()])


def by_precedence(row: type[Any]) -> str:
    """The row with the larger precedence wins; of equal ones the first (timings may differ)."""
    return winner_sql(
        row,
        "VALUES(`precedence`) > `precedence`",
        {"precedence": _greatest("precedence")},
    )


def _greatest(name: str) -> str:
    return f"`{name}` = GREATEST(`{name}`, VALUES(`{name}`))"


def _newest(name: str) -> str:
    return (
        f"`{name}` = NULLIF(GREATEST(COALESCE(`{name}`, -1), COALESCE(VALUES(`{name}`), -1)), -1)"
    )


_NEWER_RATES = "(VALUES(`attempt`), VALUES(`revision`)) >= (`attempt`, `revision`)"
_NEWER_ADVICE = "COALESCE(VALUES(`raised_us`), -1) >= COALESCE(`raised_us`, 0)"

FILES = insert_sql(results.FileRow, ["`id` = `id`"])
ORIGINS = insert_sql(results.BatchOriginRow, ["`id` = `id`"])
FRAMES = by_precedence(results.FrameRow)
LATTICES = by_precedence(results.LatticeRow)
PROFILES = by_precedence(results.BatchProfileRow)
ARRIVALS = insert_sql(summaries.RunArrivalRow, ["`sequence` = VALUES(`sequence`)"])
CHANGES = winner_sql(
    summaries.JobChangeRow,
    "VALUES(`changed_us`) >= `changed_us`",
    {"changed_us": _greatest("changed_us")},
)
RATES = winner_sql(
    summaries.RatesRow,
    _NEWER_RATES,
    {
        "revision": f"`revision` = IF({_NEWER_RATES}, VALUES(`revision`), `revision`)",
        "attempt": _greatest("attempt"),
    },
)
ADVICE = winner_sql(
    summaries.AdviceRow,
    _NEWER_ADVICE,
    {"raised_us": _newest("raised_us"), "cleared_us": _newest("cleared_us")},
)
STORED = (
    "SELECT `frame`, `lane`, `precedence` FROM `frame` WHERE `job_id` = {job} AND `frame` {frames}"
)
STALE_LATTICES = (
    "DELETE l FROM `lattice` l JOIN `frame` f "
    "ON f.job_id = l.job_id AND f.frame = l.frame AND f.lane = l.lane "
    "WHERE l.job_id = {job} AND l.frame IN ({frames}) AND l.precedence <> f.precedence"
)
RUN_ENDED = (
    "UPDATE `run` SET "
    "`n_frames` = IF(`ended_us` IS NULL OR `ended_us` <= %s, %s, `n_frames`), "
    "`end_reason` = IF(`ended_us` IS NULL OR `ended_us` <= %s, %s, `end_reason`), "
    "`ended_us` = GREATEST(COALESCE(`ended_us`, %s), %s) WHERE `name` = %s"
)
