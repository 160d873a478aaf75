"""`stillstream job`: what is processed, again or no longer."""

from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from tqdm import tqdm

from libs.catalogue import delete_job, in_transaction
from libs.catalogue.jobs import JobRecord, find_job, list_jobs, restart_job, set_state
from libs.command_line.catalogue_session import (
    catalogue_options,
    in_catalogue,
    now_us,
    print_json,
    print_table,
    with_engine,
)
from libs.command_line.local_options import var_option
from libs.messages import JobState, Recipe


@click.group(name="job")
def command() -> None:
    """Jobs of the catalogue."""


@command.command(name="list")
@catalogue_options
def list_(var: Path, as_json: bool) -> None:
    """All jobs, oldest run first."""
    jobs = in_catalogue(var, list_jobs)
    if as_json:
        print_json(jobs)
        return
    rows = [(j.id, j.job, j.attempt, j.state.value, *_recipe(j.recipe)) for j in jobs]
    print_table(("id", "job", "attempt", "state", "recipe", "lane", "why not fast"), rows)


def _recipe(recipe: Recipe | None) -> tuple[str | None, ...]:
    """Hash, lane and why it is not the fast one that was asked for."""
    return (None,) * 3 if recipe is None else (recipe.hash, recipe.lane.value, recipe.lane_reason)


@command.command()
@click.argument("job")
@var_option
def restart(job: str, var: Path) -> None:
    """Process all frames of JOB again, as a new attempt, with its trial as it is now."""

    async def work(connection: AsyncConnection) -> JobRecord:
        found = await find_job(connection, job)
        await restart_job(connection, found.id, now_us=now_us())
        return await find_job(connection, job)

    done = in_catalogue(var, work)
    click.echo(f"{done.job}: attempt {done.attempt}")


@command.command()
@click.argument("job")
@var_option
def stop(job: str, var: Path) -> None:
    """Send out no more frames of JOB; results that are there stay."""

    async def work(connection: AsyncConnection) -> None:
        found = await find_job(connection, job)
        await set_state(connection, found.id, JobState.STOPPED, now_us=now_us())

    in_catalogue(var, work)


@command.command()
@click.argument("job")
@click.confirmation_option(prompt="Delete all results of this job?")
@var_option
def delete(job: str, var: Path) -> None:
    """Delete all results of JOB."""

    async def work(engine: AsyncEngine) -> int:
        found = await in_transaction(engine, lambda c: find_job(c, job))
        with tqdm(unit=" rows", disable=None, desc=found.job) as bar:
            return await delete_job(engine, found.id, now_us=now_us(), progress=bar.update)

    click.echo(f"{with_engine(var, work)} rows deleted")
