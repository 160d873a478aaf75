"""`stillstream demo`: a simulated beamtime and real images through the running stack."""

import asyncio
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic

import click

from libs.demo.beamtime import lay_out
from libs.demo.report import table
from libs.demo.session import (
    DemoError,
    counts_now,
    fresh_folder,
    run_live,
    run_once,
    seed_catalogue,
)
from libs.local_stack import ROOT, LocalStack, LocalStackError

REFERENCE = {"STILLSTREAM_REFERENCE_FRACTION": "0.1"}
"""More than the usual hundredth: the demo's runs are short."""
LIVE = {"job_dispatcher": REFERENCE}
UNSAMPLED = {"job_dispatcher": REFERENCE | {"STILLSTREAM_SAMPLING__ENABLED": "false"}}
"""What is compared with stock DIALS afterwards is indexed whole, however slow the machine."""


@click.command(name="demo")
@click.option(
    "--once", is_flag=True, help="End when every result is there; status 0 if all is right."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "var" / "demo",
    help="Where the demo's stack and data live; made anew each time.",
)
def command(once: bool, folder: Path) -> None:
    """Feed a simulated beamtime and real images through a stack of their own."""
    started = monotonic()
    try:
        fresh_folder(folder)
        beamtime = lay_out(folder)
        stack = LocalStack(
            folder, bound=True, report=click.echo, environment=UNSAMPLED if once else LIVE
        )
        try:
            stack.up()
            seed_catalogue(stack)
            print(f"\nrun-stats page: {stack.addresses()['page']}")
            print(f"its processes:  stillstream status --var {shlex.quote(str(folder))}")
            print(f"stack ready after {monotonic() - started:.1f} s\n", flush=True)
            status = _once(stack, beamtime) if once else _live(stack, beamtime)
        finally:
            stack.down()
    except (DemoError, LocalStackError) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(status)


def _once(stack: LocalStack, beamtime: Path) -> int:
    started = monotonic()
    problems = asyncio.run(run_once(stack, beamtime))
    print(table(*asyncio.run(counts_now(stack))))
    for problem in problems:
        print(f"WRONG  {problem}")
    if not problems:
        print("Every frame is stored exactly once; the real images give what stock DIALS gives.")
    print(f"beamtime: {monotonic() - started:.1f} s")
    return 1 if problems else 0


def _live(stack: LocalStack, beamtime: Path) -> int:
    print("One simulated run follows the other; Ctrl-C ends the demo and stops what it started.")
    with suppress(KeyboardInterrupt):
        asyncio.run(run_live(beamtime))
    print("\n" + table(*asyncio.run(counts_now(stack))))
    return 0
