"""`stillstream down`: stops the local stack; its data stay."""

from pathlib import Path
from time import monotonic

import click

from libs.command_line.local_options import stack_errors, var_option
from libs.local_stack import LocalStack


@click.command(name="down")
@var_option
def command(var: Path) -> None:
    """Stop the local stack; its data stay."""
    started = monotonic()
    stack = LocalStack(var)
    if not stack.running:
        click.echo("nothing runs")
        return
    with stack_errors():
        stack.down()
    click.echo(f"down after {monotonic() - started:.1f} s")
