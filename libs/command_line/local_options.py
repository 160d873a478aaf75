"""What the commands of the local stack share: the folder option, errors as messages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from libs.local_stack import ROOT, LocalStackError

F = TypeVar("F", bound=Callable[..., Any])


def var_option(function: F) -> F:
    """`--var FOLDER`: which stack."""
    return click.option(
        "--var",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="STILLSTREAM_VAR",
        default=ROOT / "var",
        help="Folder of the stack's data, logs and secrets (or STILLSTREAM_VAR). [default: var]",
    )(function)


@contextmanager
def stack_errors() -> Iterator[None]:
    """Errors of the stack are for the reader, without a traceback."""
    try:
        yield
    except LocalStackError as error:
        raise click.ClickException(str(error)) from error
