"""Trials and run groups in the database: made, listed, switched, joined.

A trial or a run group that has jobs is never changed: its number stands in the names of results.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.catalogue_models import JobRow, RunGroupRow, TrialRow, TrialRunGroupRow
from libs.catalogue.errors import ConflictError, NotFoundError
from libs.catalogue.matching import RunFacts, best_group
from libs.catalogue.trial_settings import Group, GroupSettings, Trial, TrialSettings

TRIAL: Any = TrialRow.__table__
GROUP: Any = RunGroupRow.__table__
LINK: Any = TrialRunGroupRow.__table__
JOB: Any = JobRow.__table__
S = TypeVar("S", TrialSettings, GroupSettings)
R = TypeVar("R", Trial, Group)


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """An active trial with the run groups that it comprises."""

    trial: Trial
    groups: tuple[Group, ...]


async def add_trial(
    connection: AsyncConnection, settings: TrialSettings, *, active: bool, now_us: int
) -> int:
    """A new trial's number; raises ConflictError when the name is taken."""
    await _refuse_taken(connection, TRIAL, settings.name)
    values = msgspec.to_builtins(settings) | {
        "active": active,
        "activated_us": now_us if active else None,
    }
    return await _insert(connection, TRIAL, values)


async def add_group(connection: AsyncConnection, settings: GroupSettings, *, now_us: int) -> int:
    """A new run group's number; raises ConflictError when the name is taken."""
    await _refuse_taken(connection, GROUP, settings.name)
    return await _insert(connection, GROUP, msgspec.to_builtins(settings) | {"created_us": now_us})


async def list_trials(connection: AsyncConnection) -> list[Trial]:
    """All trials, oldest first."""
    rows = await connection.execute(sa.select(TRIAL).order_by(TRIAL.c.id))
    return [_trial(row._mapping) for row in rows]  # noqa: SLF001  (SQLAlchemy's public name)


async def list_groups(connection: AsyncConnection) -> list[Group]:
    """All run groups, oldest first."""
    rows = await connection.execute(sa.select(GROUP).order_by(GROUP.c.id))
    return [_group(row._mapping) for row in rows]  # noqa: SLF001


async def find_trial(connection: AsyncConnection, name: str) -> Trial:
    """The trial of this name or number; raises NotFoundError."""
    return _find(await list_trials(connection), name, "trial", "trial list")


async def find_group(connection: AsyncConnection, name: str) -> Group:
    """The run group of this name or number; raises NotFoundError."""
    return _find(await list_groups(connection), name, "run group", "group list")


async def find_trial_by_id(connection: AsyncConnection, trial: int) -> Trial:
    """The trial of this number."""
    row = (await connection.execute(sa.select(TRIAL).where(TRIAL.c.id == trial))).one()
    return _trial(row._mapping)  # noqa: SLF001


async def find_group_by_id(connection: AsyncConnection, group: int) -> Group:
    """The run group of this number."""
    row = (await connection.execute(sa.select(GROUP).where(GROUP.c.id == group))).one()
    return _group(row._mapping)  # noqa: SLF001


async def set_active(connection: AsyncConnection, trial: int, *, active: bool, now_us: int) -> None:
    """Switch a trial; only a change moves the moment from which its work is live."""
    values = {"active": active} | ({"activated_us": now_us} if active else {})
    await connection.execute(
        sa.update(TRIAL).where(TRIAL.c.id == trial, TRIAL.c.active != active).values(values)
    )


async def join(connection: AsyncConnection, trial: int, groups: Sequence[int]) -> None:
    """Let the trial comprise these run groups as well."""
    present = set(
        (
            await connection.execute(sa.select(LINK.c.run_group_id).where(LINK.c.trial_id == trial))
        ).scalars()
    )
    missing = sorted(set(groups) - present)
    if missing:
        rows = [{"trial_id": trial, "run_group_id": group} for group in missing]
        await connection.execute(sa.insert(LINK), rows)


async def replace_settings(
    connection: AsyncConnection, row_id: int, settings: TrialSettings | GroupSettings
) -> None:
    """Change a trial or run group that no job uses; raises ConflictError otherwise."""
    is_trial = isinstance(settings, TrialSettings)
    table, column = (TRIAL, JOB.c.trial_id) if is_trial else (GROUP, JOB.c.run_group_id)
    if await connection.scalar(sa.select(sa.func.count()).where(column == row_id)):
        what = "trial" if is_trial else "run group"
        raise ConflictError(
            f"{what} {settings.name!r} has jobs and is not changed: add a new one, another name"
        )
    values = msgspec.to_builtins(settings)
    await connection.execute(sa.update(table).where(table.c.id == row_id).values(values))


async def active_assignments(connection: AsyncConnection) -> list[Assignment]:
    """The active trials, each with its run groups."""
    groups = {group.id: group for group in await list_groups(connection)}
    links = list(await connection.execute(sa.select(LINK.c.trial_id, LINK.c.run_group_id)))
    return [
        Assignment(trial=trial, groups=tuple(groups[g] for t, g in links if t == trial.id))
        for trial in await list_trials(connection)
        if trial.active
    ]


async def group_ids(connection: AsyncConnection, trial: int) -> list[int]:
    """The run groups that a trial comprises, by number."""
    columns = LINK.c
    rows = await connection.execute(
        sa.select(columns.run_group_id).where(columns.trial_id == trial)
    )
    return sorted(group for (group,) in rows)


async def groups_by_trial(connection: AsyncConnection) -> dict[int, list[str]]:
    """Names of the run groups of each trial."""
    rows = await connection.execute(
        sa.select(LINK.c.trial_id, GROUP.c.name)
        .join(GROUP, GROUP.c.id == LINK.c.run_group_id)
        .order_by(GROUP.c.id)
    )
    names: dict[int, list[str]] = {}
    for trial, group in rows:
        names.setdefault(trial, []).append(group)
    return names


def trials_for_run(assignments: Sequence[Assignment], run: RunFacts) -> list[tuple[Trial, Group]]:
    """The active trials that apply to a run, each with the run group it falls into. Pure."""
    found = []
    for assignment in assignments:
        best = best_group([group.range for group in assignment.groups], run)
        if best is not None:
            group = next(g for g in assignment.groups if g.id == best.id)
            found.append((assignment.trial, group))
    return found


def _trial(row: Any) -> Trial:
    return Trial(
        id=row["id"],
        active=bool(row["active"]),
        activated_us=row["activated_us"],
        settings=_settings(TrialSettings, row),
    )


def _group(row: Any) -> Group:
    return Group(id=row["id"], created_us=row["created_us"], settings=_settings(GroupSettings, row))


def _settings(kind: type[S], row: Any) -> S:
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)


def _find(rows: Sequence[R], name: str, what: str, command: str) -> R:
    for row in rows:
        if row.settings.name == name or str(row.id) == name:
            return row
    raise NotFoundError(f"no {what} is called {name!r}: `stillstream {command}` shows which exist")


async def _refuse_taken(connection: AsyncConnection, table: Any, name: str) -> None:
    if await connection.scalar(sa.select(table.c.id).where(table.c.name == name)):
        raise ConflictError(f"a {table.name.replace('_', ' ')} called {name!r} exists already")


async def _insert(connection: AsyncConnection, table: Any, values: dict[str, Any]) -> int:
    result: Any = await connection.execute(sa.insert(table).values(values))
    return int(result.inserted_primary_key[0])
