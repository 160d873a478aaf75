"""The jobs of a transaction, held with shared locks: a deletion or a restart waits for its end."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.catalogue_models import JobRow
from libs.messages import Cutoffs, JobState

JOB: Any = JobRow.__table__


class LockedJob(NamedTuple):
    """What the sink needs of a job's row; `cutoffs` is None until its attempt has a recipe."""

    id: int
    deleted: bool
    attempt: int
    cutoffs: Cutoffs | None


class _CutoffsOfRecipe(msgspec.Struct):
    cutoffs: Cutoffs = Cutoffs()


async def lock_jobs(connection: AsyncConnection, names: Iterable[str]) -> dict[str, LockedJob]:
    """The jobs of these names that exist."""
    wanted = sorted(names)
    if not wanted:
        return {}
    rows = await connection.execute(
        sa.select(JOB.c.name, JOB.c.id, JOB.c.state, JOB.c.attempt, JOB.c.recipe)
        .where(JOB.c.name.in_(wanted))
        .order_by(JOB.c.name)
        .with_for_update(read=True)
    )
    return {
        row.name: LockedJob(
            row.id, row.state == JobState.DELETED.value, row.attempt, _cutoffs(row.recipe)
        )
        for row in rows
    }


def _cutoffs(recipe: str | None) -> Cutoffs | None:
    return msgspec.json.decode(recipe, type=_CutoffsOfRecipe).cutoffs if recipe else None
