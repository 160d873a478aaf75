"""`stillstream up`: starts the local stack and waits until all of it works."""

import json
from pathlib import Path
from time import monotonic

import click

from libs.command_line.local_options import stack_errors, var_option
from libs.local_stack import SERVICES, LocalStack


@click.command(name="up")
@var_option
@click.option(
    "--only-infrastructure", is_flag=True, help="Broker, database, Prometheus; none of ours."
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as JSON.")
def command(var: Path, only_infrastructure: bool, as_json: bool) -> None:
    """Start the local stack; what runs already is left alone."""
    started = monotonic()
    services = () if only_infrastructure else SERVICES
    stack = LocalStack(var, services=services, report=lambda text: click.echo(text, err=as_json))
    with stack_errors():
        stack.up()
        addresses = stack.addresses()
    if as_json:
        click.echo(json.dumps(addresses))
        return
    click.echo(f"up after {monotonic() - started:.1f} s")
    for name, address in addresses.items():
        click.echo(f"  {name:<11} {address}")
