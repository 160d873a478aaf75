"""`stillstream bench`: ratios against a peer or a physical limit, measured in the same run.

A benchmark is a module of tests/benchmarks that prints one JSON object a line: what, unit, ours,
theirs, peer, goal (the least ratio ours / theirs; 0 for information only). It decides nothing: this
command does.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass

import click

from libs.diffraction.debian_gaps import SINGLE_THREADED
from libs.local_stack import ROOT

FOLDER = ROOT / "tests/benchmarks"
ONE_THREAD = os.environ | dict.fromkeys(SINGLE_THREADED, "1")
"""Ratios are those of one core; idle threads of BLAS would count as its processor time."""
COLUMNS = "{:<34} {:>13} {:>13} {:>8} {:>7}  {}"


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One measured ratio; `ours` and `theirs` in the same unit, more is better."""

    what: str
    unit: str
    ours: float
    theirs: float
    peer: str
    goal: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer we are."""
        return self.ours / self.theirs

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal


@click.command(name="bench")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each ratio.")
def command(names: tuple[str, ...], as_json: bool) -> None:
    """Run all benchmarks, or those named; status 1 when a goal is missed."""
    ratios = [ratio for name in _chosen(names) for ratio in _measure(name)]
    if not as_json:
        click.echo(COLUMNS.format("what", "ours", "theirs", "ratio", "goal", "peer"))
    for ratio in ratios:
        click.echo(_as_json(ratio) if as_json else _as_line(ratio))
    sys.exit(0 if all(ratio.met for ratio in ratios) else 1)


def _chosen(names: tuple[str, ...]) -> list[str]:
    known = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise click.ClickException(f"no benchmark {unknown[0]!r}; there are: {', '.join(known)}")
    return list(names) or known


def _measure(name: str) -> list[Ratio]:
    click.echo(f"{name} ...", err=True)
    module = f"tests.benchmarks.{name}"
    command = [sys.executable, "-m", module]
    done = subprocess.run(
        command, cwd=ROOT, env=ONE_THREAD, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(f"benchmark {name} failed: see the message above")
    return [Ratio(**json.loads(line)) for line in done.stdout.splitlines()]


def _as_json(ratio: Ratio) -> str:
    return json.dumps(asdict(ratio) | {"ratio": ratio.ratio, "met": ratio.met})


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"


def _verdict(ratio: Ratio) -> str:
    if ratio.goal <= 0.0:
        return "for information"
    return "met" if ratio.met else "MISSED"


def _as_line(ratio: Ratio) -> str:
    verdict = f"{ratio.peer}: {_verdict(ratio)}"
    ours, theirs = (f"{_short(value)} {ratio.unit}" for value in (ratio.ours, ratio.theirs))
    return COLUMNS.format(
        ratio.what, ours, theirs, f"{ratio.ratio:.1f}", f"{ratio.goal:g}", verdict
    )
