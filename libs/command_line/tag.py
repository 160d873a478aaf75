"""`stillstream tag`: labels on runs."""

from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.catalogue.runs import (
    add_tag,
    find_run,
    list_runs,
    list_tags,
    remove_tag,
    set_persistent,
)
from libs.command_line.catalogue_session import (
    catalogue_options,
    in_catalogue,
    print_json,
    print_table,
)
from libs.command_line.local_options import var_option


@click.group(name="tag")
def command() -> None:
    """Tags of the catalogue."""


@command.command()
@click.argument("run")
@click.argument("tag")
@var_option
def add(run: str, tag: str, var: Path) -> None:
    """Put TAG onto RUN (its full name, or its number)."""

    async def work(connection: AsyncConnection) -> None:
        await add_tag(connection, find_run(await list_runs(connection), run).id, tag)

    in_catalogue(var, work)


@command.command()
@click.argument("run")
@click.argument("tag")
@var_option
def remove(run: str, tag: str, var: Path) -> None:
    """Take TAG off RUN."""

    async def work(connection: AsyncConnection) -> None:
        await remove_tag(connection, find_run(await list_runs(connection), run).id, tag)

    in_catalogue(var, work)


@command.command(name="list")
@catalogue_options
def list_(var: Path, as_json: bool) -> None:
    """All tags."""
    tags = in_catalogue(var, list_tags)
    if as_json:
        print_json([{"tag": tag, "persistent": on, "runs": n} for tag, on, n in tags])
    else:
        print_table(("tag", "persistent", "runs"), tags)


@command.command()
@click.argument("tag")
@click.option("--off", is_flag=True, help="No longer.")
@var_option
def persist(tag: str, off: bool, var: Path) -> None:
    """Put TAG onto every new run from now on."""
    in_catalogue(var, lambda c: set_persistent(c, tag, on=not off))
