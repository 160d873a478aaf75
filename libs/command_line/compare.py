"""`stillstream compare`: two trials or lanes of the same run, frame by frame. No broker."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
import numpy as np

from libs.command_line.result_reader import Key, ResultReader
from libs.crystallography.comparison import Comparison, Spread, compare
from libs.crystallography.rates import JobStatistics, Rows, Rules
from libs.messages import Cutoffs, JobId

SHOWN_FRAMES = 10


@click.command(name="compare")
@click.argument("results", nargs=-1, required=True, type=click.Path())
@click.option("--first", metavar="JOB[@LANE]", help="One side, where the files hold several")
@click.option("--second", metavar="JOB[@LANE]", help="The other side")
@click.option("--json", "as_json", is_flag=True, help="One JSON object")
def command(results: tuple[str, ...], first: str | None, second: str | None, as_json: bool) -> None:
    """Which frames one result indexes and the other does not, and how spots, resolution and cells
    differ. RESULTS: JSON lines of `process --json`, or files of `record`; the two sides may lie in
    one file or in several."""
    reader = ResultReader()
    rows: dict[Key, list[Rows]] = {}
    for file in results:
        for key, some in reader.rows(file):
            rows.setdefault(key, []).append(some)
    names = _sides(sorted(rows), first, second)
    sides = [_statistics(reader, key, rows[key]) for key in names]
    found = compare(*sides)
    title = [f"{job}@{lane}" for job, lane in names]
    print(_as_json(title, found) if as_json else _as_text(title, found))
    if reader.n_bad:
        click.echo(f"{reader.n_bad} lines could not be used", err=True)
        sys.exit(1)


def _sides(keys: Sequence[Key], first: str | None, second: str | None) -> tuple[Key, Key]:
    a, b = _fitting(keys, first), _fitting(keys, second)
    if first is None and second is None and len(keys) == 2:
        return keys[0], keys[1]
    if second is None and len(keys) == 2:
        b = [key for key in keys if key not in a]
    if len(a) == 1 and len(b) == 1 and a != b:
        return a[0], b[0]
    names = ", ".join(f"{job}@{lane}" for job, lane in keys) or "none"
    raise click.ClickException(
        f"name two different results with --first and --second; there are: {names}"
    )


def _fitting(keys: Sequence[Key], name: str | None) -> list[Key]:
    return [(job, lane) for job, lane in keys if name in {job, f"{job}@{lane}"}]


def _statistics(reader: ResultReader, key: Key, rows: Sequence[Rows]) -> JobStatistics:
    known = reader.jobs.get(JobId(key[0]))
    cutoffs = known.recipe.cutoffs if known else Cutoffs()
    rules = Rules(cutoffs=cutoffs, attempt=known.attempt if known else 0)
    statistics = JobStatistics(rules)
    statistics.upsert_rows(np.concatenate(rows))
    return statistics


def _as_json(names: Sequence[str], found: Comparison) -> str:
    content: dict[str, Any] = {"first": names[0], "second": names[1]}
    content |= {"agreement": found.agreement} | asdict(found)
    return json.dumps(content, allow_nan=False)


def _as_text(names: Sequence[str], found: Comparison) -> str:
    by_a, by_b = len(found.indexed_by_first), len(found.indexed_by_second)
    lines = [
        f"first   {names[0]}",
        f"second  {names[1]}",
        "",
        _overlap(found),
        "",
        f"{'':18}{'second indexes':>16}{'second does not':>17}",
        f"{'first indexes':18}{found.n_indexed_by_both:>16}{by_a:>17}",
        f"{'first does not':18}{by_b:>16}{found.n_indexed_by_neither:>17}",
        "",
        f"equally many lattices on {found.n_same_lattices} of {found.n_indexed_by_both}",
        _line("strong spots", found.n_strong, ".0f"),
        _line("resolution, Å", found.d_min_angstrom, ".3f"),
        *(
            _line(f"cell {edge}, %", spread, ".3f")
            for edge, spread in zip("abc", found.cell_percent, strict=True)
        ),
        _frames("only the first indexes", found.indexed_by_first),
        _frames("only the second indexes", found.indexed_by_second),
    ]
    return "\n".join(lines)


def _overlap(found: Comparison) -> str:
    a, b = len(found.only_first), len(found.only_second)
    return f"{found.n_compared} frames in both, {a} only in the first, {b} only in the second"


def _line(name: str, spread: Spread, digits: str) -> str:
    if spread.median is None or spread.low is None or spread.high is None:
        return f"{name:18}–"
    low, high = format(spread.low, "+" + digits), format(spread.high, "+" + digits)
    median = format(spread.median, "+" + digits)
    return f"{name:18}{median:>9}  (90 % within {low} … {high}, {spread.n} frames)"


def _frames(what: str, frames: Sequence[int]) -> str:
    shown = ", ".join(str(frame) for frame in frames[:SHOWN_FRAMES]) or "none"
    more = f" … {len(frames)} in all" if len(frames) > SHOWN_FRAMES else ""
    return f"{what}: {shown}{more}"
