"""`stillstream logs`: the end of the processes' logs, or all that they say from now on."""

import subprocess
from pathlib import Path

import click

from libs.command_line.local_options import var_option
from libs.local_stack import StackPaths


@click.command(name="logs")
@click.argument("name", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("-n", "--lines", default=20, show_default=True, help="Lines of each log.")
@var_option
def command(name: str | None, follow: bool, lines: int, var: Path) -> None:
    """Print the end of every process's log, or of one (NAME as `stillstream status` gives it)."""
    files = _files(StackPaths(var=var.resolve()).logs, name)
    options = ["-n", str(lines), *(["-F"] if follow else []), "-q" if name else "-v"]
    process = subprocess.Popen(["tail", *options, "--", *map(str, files)])
    try:
        process.wait()
    except KeyboardInterrupt:
        process.wait()


def _files(folder: Path, name: str | None) -> list[Path]:
    known = {path.stem: path for path in sorted(folder.glob("*.log"))}
    if not known:
        raise click.ClickException(f"{folder} holds no logs yet: run `stillstream up`")
    if name is None:
        return list(known.values())
    if name not in known:
        raise click.ClickException(f"there is no log of {name!r}; there are: {', '.join(known)}")
    return [known[name]]
