"""`stillstream run`: what the catalogue knows of runs."""

from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.jobs import JobRecord, list_jobs
from libs.catalogue.runs import RunSummary, find_run, list_runs
from libs.command_line.catalogue_session import (
    catalogue_options,
    in_catalogue,
    print_json,
    print_table,
)
from libs.messages.units import datetime_from_us

HEADER = ("run", "source", "number", "started (UTC)", "open", "announced", "tags")


@click.group(name="run")
def command() -> None:
    """Runs of the catalogue."""


@command.command(name="list")
@click.option("--experiment", help="Only runs of this experiment.")
@catalogue_options
def list_(experiment: str | None, var: Path, as_json: bool) -> None:
    """All runs in the order in which they started."""
    runs = in_catalogue(var, lambda c: list_runs(c, experiment=experiment))
    if as_json:
        print_json(runs)
        return
    rows = [
        (
            r.run,
            r.source,
            r.number,
            f"{datetime_from_us(r.started_us):%Y-%m-%d %H:%M:%S}",
            r.ended_us is None,
            r.n_announced,
            ", ".join(r.tags),
        )
        for r in runs
    ]
    print_table(HEADER, rows)


@command.command()
@click.argument("run")
@catalogue_options
def show(run: str, var: Path, as_json: bool) -> None:
    """One run (its full name, or its number) and its jobs."""

    async def work(connection: AsyncConnection) -> tuple[RunSummary, list[JobRecord]]:
        found = find_run(await list_runs(connection), run)
        return found, await list_jobs(connection, runs=[found.run])

    found, jobs = in_catalogue(var, work)
    if as_json:
        print_json({"run": found, "jobs": jobs})
        return
    for name in found.__struct_fields__:
        click.echo(f"{name:<12} {getattr(found, name)}")
    print_table(("job", "attempt", "state"), [(j.job, j.attempt, j.state.value) for j in jobs])
