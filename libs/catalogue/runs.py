"""Runs and their tags in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.base import NAME_LENGTH, PATH_LENGTH, RUN_NAME_LENGTH
from libs.catalogue.catalogue_models import ExperimentRow, RunRow, RunTagRow, TagRow
from libs.catalogue.errors import NotFoundError
from libs.catalogue.summary_models import RunArrivalRow
from libs.messages import BadMessageError, RunStarted

EXPERIMENT: Any = ExperimentRow.__table__
RUN: Any = RunRow.__table__
TAG: Any = TagRow.__table__
RUN_TAG: Any = RunTagRow.__table__
ARRIVAL: Any = RunArrivalRow.__table__


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run for a list."""

    id: int
    run: str
    experiment: str
    source: str
    number: str
    version: int
    path: str
    started_us: int
    ended_us: int | None
    n_announced: int
    n_frames: int | None
    tags: tuple[str, ...]


async def ensure_experiment(connection: AsyncConnection, name: str) -> int:
    """The experiment's id; makes it if need be; safe when several do so at once."""
    return await _ensure_named(connection, EXPERIMENT, {"name": name})


async def ensure_run(connection: AsyncConnection, run: RunStarted) -> int:
    """The run's id; a new run gets the message's tags and the persistent ones.

    A run that exists is left as it is: the first announcement stands.
    """
    known = await connection.scalar(sa.select(RUN.c.id).where(RUN.c.name == run.run))
    if known is not None:
        return int(known)
    experiment_id = await ensure_experiment(connection, run.experiment)
    run_id = await _ensure_named(connection, RUN, _run_values(run, experiment_id))
    persistent = await connection.scalars(sa.select(TAG.c.name).where(TAG.c.persistent))
    for tag in sorted({*run.tags, *persistent}):
        await add_tag(connection, run_id, tag)
    return run_id


async def ensure_tag(connection: AsyncConnection, name: str) -> int:
    """The tag's id; makes it if need be."""
    return await _ensure_named(connection, TAG, {"name": name, "persistent": False})


async def add_tag(connection: AsyncConnection, run_id: int, tag: str) -> None:
    """Put a tag onto a run; once is enough."""
    values = {"run_id": run_id, "tag_id": await ensure_tag(connection, tag)}
    statement = mysql.insert(RUN_TAG).values(values)
    await connection.execute(statement.on_duplicate_key_update(run_id=RUN_TAG.c.run_id))


async def remove_tag(connection: AsyncConnection, run_id: int, tag: str) -> None:
    """Take a tag off a run; raises NotFoundError when the run does not bear it."""
    tag_id = sa.select(TAG.c.id).where(TAG.c.name == tag).scalar_subquery()
    result = await connection.execute(
        sa.delete(RUN_TAG).where(RUN_TAG.c.run_id == run_id, RUN_TAG.c.tag_id == tag_id)
    )
    if not result.rowcount:
        raise NotFoundError(f"the run does not bear the tag {tag!r}: `stillstream tag list`")


async def set_persistent(connection: AsyncConnection, tag: str, *, on: bool) -> None:
    """Switch whether every new run gets this tag."""
    tag_id = await ensure_tag(connection, tag)
    await connection.execute(sa.update(TAG).where(TAG.c.id == tag_id).values(persistent=on))


async def list_tags(connection: AsyncConnection) -> list[tuple[str, bool, int]]:
    """(name, persistent, number of runs) of every tag."""
    rows = await connection.execute(
        sa.select(TAG.c.name, TAG.c.persistent, sa.func.count(RUN_TAG.c.run_id))
        .join_from(TAG, RUN_TAG, RUN_TAG.c.tag_id == TAG.c.id, isouter=True)
        .group_by(TAG.c.id)
        .order_by(TAG.c.name)
    )
    return [(name, bool(persistent), int(n)) for name, persistent, n in rows]


async def tags_of_runs(connection: AsyncConnection) -> dict[int, tuple[str, ...]]:
    """The tags of every run, by the run's id."""
    rows = await connection.execute(
        sa.select(RUN_TAG.c.run_id, TAG.c.name)
        .join(TAG, TAG.c.id == RUN_TAG.c.tag_id)
        .order_by(TAG.c.name)
    )
    tags: dict[int, tuple[str, ...]] = {}
    for run_id, name in rows:
        tags[run_id] = (*tags.get(run_id, ()), name)
    return tags


async def announced_frames(connection: AsyncConnection) -> dict[int, int]:
    """Frames announced so far, by the run's id."""
    rows = await connection.execute(
        sa.select(ARRIVAL.c.run_id, sa.func.sum(ARRIVAL.c.n_frames)).group_by(ARRIVAL.c.run_id)
    )
    return {run_id: int(n) for run_id, n in rows}


async def list_runs(
    connection: AsyncConnection, *, experiment: str | None = None
) -> list[RunSummary]:
    """Runs in the order in which they started."""
    query = (
        sa.select(RUN, EXPERIMENT.c.name.label("experiment"))
        .join(EXPERIMENT, EXPERIMENT.c.id == RUN.c.experiment_id)
        .order_by(RUN.c.started_us, RUN.c.id)
    )
    if experiment is not None:
        query = query.where(EXPERIMENT.c.name == experiment)
    tags, announced = await tags_of_runs(connection), await announced_frames(connection)
    return [
        RunSummary(
            id=row.id,
            run=row.name,
            experiment=row.experiment,
            source=row.source,
            number=row.number,
            version=row.version,
            path=row.path,
            started_us=row.started_us,
            ended_us=row.ended_us,
            n_announced=announced.get(row.id, 0),
            n_frames=row.n_frames,
            tags=tags.get(row.id, ()),
        )
        for row in await connection.execute(query)
    ]


def find_run(runs: Sequence[RunSummary], name: str) -> RunSummary:
    """The run of this full name, or the newest of this number; raises NotFoundError. Pure."""
    exact = [run for run in runs if run.run == name]
    found = exact or [run for run in runs if run.number == name]
    if not found:
        raise NotFoundError(f"no run is called {name!r}: `stillstream run list` shows which exist")
    return max(found, key=lambda run: (run.started_us, run.id))


def check_storable(run: RunStarted) -> None:
    """Raises BadMessageError for a run whose identity no column can hold: it is never cut. Pure."""
    lengths = {"run": RUN_NAME_LENGTH, "path": PATH_LENGTH}
    for name in ("run", "path", "experiment", "source", "number", "time_zone"):
        longest = lengths.get(name, NAME_LENGTH)
        if len(getattr(run, name)) > longest:
            raise BadMessageError(f"{name} has more than {longest} characters")
    if any(len(tag) > NAME_LENGTH for tag in run.tags):
        raise BadMessageError(f"a tag has more than {NAME_LENGTH} characters")
    times = (run.started_us, run.announced_us, run.period_us or 0)
    if not 0 <= run.version < 1 << 32 or any(abs(t) >= 1 << 63 for t in times):
        raise BadMessageError("version or a time is outside what the catalogue can hold")


def _run_values(run: RunStarted, experiment_id: int) -> dict[str, Any]:
    return {
        "name": run.run,
        "experiment_id": experiment_id,
        "source": run.source,
        "number": run.number,
        "version": run.version,
        "path": run.path,
        "started_us": run.started_us,
        "started_source": run.started_source.value,
        "period_us": run.period_us,
        "time_zone": run.time_zone,
        "announced_us": run.announced_us,
    }


async def _ensure_named(connection: AsyncConnection, table: Any, values: dict[str, Any]) -> int:
    named = sa.select(table.c.id).where(table.c.name == values["name"])
    known: Any = await connection.scalar(named)
    if known is None:
        statement = mysql.insert(table).values(values)
        await connection.execute(statement.on_duplicate_key_update(name=table.c.name))
        known = await connection.scalar(named)
    return int(known)
