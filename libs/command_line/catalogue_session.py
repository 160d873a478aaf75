"""What the commands of the catalogue share: the connection, errors as messages, tables, JSON.

The database is the one that STILLSTREAM_DATABASE__… variables name; without them, the local
stack's, by the editor's account.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs.catalogue import CatalogueError, in_transaction, open_engine
from libs.command_line.local_options import var_option
from libs.local_stack import LocalStack, LocalStackError
from libs.service_kit import DatabaseSettings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
PREFIX = "STILLSTREAM_DATABASE__"


class CatalogueSettings(BaseSettings):
    """The part of the settings tree that these commands read."""

    model_config = SettingsConfigDict(
        env_prefix="STILLSTREAM_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        frozen=True,
    )
    database: DatabaseSettings = DatabaseSettings.model_validate({"user": "editor"})


def catalogue_options(function: F) -> F:
    """`--var FOLDER` and `--json`."""
    function = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")(function)
    return var_option(function)


def now_us() -> int:
    """This moment."""
    return time.time_ns() // 1000


def in_catalogue(var: Path, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """The work's result, in one transaction; errors become messages for the reader."""
    return with_engine(var, lambda engine: in_transaction(engine, work))


def with_engine(var: Path, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """The same for work of several transactions."""

    async def session() -> T:
        engine = open_engine(_database(var).url(), pool_size=1)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(session())
    except (CatalogueError, LocalStackError) as error:
        raise click.ClickException(str(error)) from error
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", error)
        raise click.ClickException(
            f"the catalogue cannot be used: {reason}; is the stack up (`stillstream status`), "
            f"or do {PREFIX}HOST, PORT, NAME, USER and PASSWORD_FILE name another database?"
        ) from error


def _database(var: Path) -> DatabaseSettings:
    if any(name.startswith(PREFIX) for name in os.environ):
        return CatalogueSettings().database
    given = LocalStack(var).env("editor")
    return DatabaseSettings.model_validate(
        {n.removeprefix(PREFIX).lower(): v for n, v in given.items() if n.startswith(PREFIX)}
    )


def print_json(value: object) -> None:
    """A value of ours as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
