"""The option that says which broker: an address, or that of the local stack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from libs.command_line.local_options import stack_errors
from libs.local_stack import LocalStack

F = TypeVar("F", bound=Callable[..., Any])


def bootstrap_option(function: F) -> F:
    """`--bootstrap HOST:PORT`."""
    return click.option(
        "--bootstrap",
        envvar="STILLSTREAM_KAFKA__BOOTSTRAP",
        help="The broker (or STILLSTREAM_KAFKA__BOOTSTRAP)  [default: the local stack's]",
    )(function)


def bootstrap_of(bootstrap: str | None, var: Path) -> str:
    """The broker that was named, else that of the stack below `var`."""
    if bootstrap:
        return bootstrap
    with stack_errors():
        return LocalStack(var).env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
