"""`stillstream rates`: what the statistics say of recorded frame results. No broker, no database.

Input: the lines of `stillstream process --json`, one frame result each, with what its batch shares.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any, cast

import click
import msgspec
import numpy as np

from libs.crystallography.rates import (
    RESOLUTIONS,
    JobStatistics,
    Resolution,
    Rows,
    Rules,
    RunStatsSeries,
    rows_of,
)
from libs.messages import BadMessageError, Cutoffs, FrameResult, FramesProcessed, Lane

SHELL_TYPES = {"n": "<u4", "n_positive": "<u4", "mean": "<f4", "mean_positive": "<f4"}
SHARED = ("job", "attempt", "run", "lane", "recipe", "worker", "versions")
Key = tuple[str, str]
"""Job and lane."""

RATES = ("solvent", "hit", "indexing", "indexing_success", "multi_lattice", "high_quality")


@click.command("rates")
@click.argument("results", nargs=-1, required=True, type=click.Path())
@click.option("--job", help="The job to look at, where the file holds several")
@click.option("--lane", type=click.Choice([lane.value for lane in Lane]),
              help="The job's own lane, where the file holds several")  # fmt: skip
@click.option("--hit-cutoff", type=click.IntRange(0), default=Cutoffs().hit, show_default=True,
              help="Strong spots that make a hit")  # fmt: skip
@click.option("--d-min-quality", type=click.FloatRange(0, min_open=True),
              default=Cutoffs().d_min_quality_angstrom, show_default=True,
              help="Resolution (Å) that makes an indexed frame one of high quality")  # fmt: skip
@click.option("--solvent-cutoff", type=float, default=Cutoffs().solvent, show_default=True,
              help="Solvent ratio from which a frame has solvent")  # fmt: skip
@click.option("--i-sigi-cutoff", type=float, default=Cutoffs().i_sigi, show_default=True,
              help="Mean I/σ that a shell must reach; uses the recorded shell tables")  # fmt: skip
@click.option("--resolution", type=click.Choice(RESOLUTIONS), default="contiguous",
              show_default=True, help="Which definition of resolution")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object")
def command(
    results: tuple[str, ...], job: str | None, lane: str | None, hit_cutoff: int,
    d_min_quality: float, solvent_cutoff: float, i_sigi_cutoff: float, resolution: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Statistics bar, live windows and run-stats series of the frame results in RESULTS (JSON
    lines; - for standard input)."""
    rules = Rules(
        cutoffs=Cutoffs(
            hit=hit_cutoff,
            solvent=solvent_cutoff,
            d_min_quality_angstrom=d_min_quality,
            i_sigi=i_sigi_cutoff,
        ),
        resolution=cast("Resolution", resolution),
    )
    reader = ResultReader()
    statistics = _chosen(_counted(reader, results, rules), job, lane)
    print(json.dumps(_as_object(statistics), allow_nan=False) if as_json else _as_text(statistics))
    if reader.n_bad:
        click.echo(f"{reader.n_bad} lines could not be used", err=True)
        sys.exit(1)


class ResultReader:
    """Lines to rows; a bad line is reported with file and number, and counted."""

    def __init__(self) -> None:
        self.n_bad = 0

    def read(self, file: str) -> Iterator[tuple[Key, Rows]]:
        """One row, with the job and lane it belongs to, for each good line."""
        try:
            with click.open_file(file, encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield from self._row(file, number, line)
        except OSError as error:
            raise click.ClickException(
                f"{file} cannot be read: {error.strerror or error}"
            ) from error

    def _row(self, file: str, number: int, line: str) -> Iterator[tuple[Key, Rows]]:
        try:
            message = message_of(line)
            row = rows_of(message)
        except (ValueError, TypeError, RecursionError) as error:
            self._reject(file, number, error)
        else:
            yield (message.job, message.lane.value), row

    def _reject(self, file: str, number: int, error: Exception) -> None:
        """Report a bad line."""
        self.n_bad += 1
        click.echo(f"{file}, line {number}: {error}", err=True)


def message_of(line: str) -> FramesProcessed:
    """The message in a line; raises ValueError (msgspec's errors are ones) or BadMessageError."""
    fields = msgspec.json.decode(line)
    if not isinstance(fields, dict):
        raise BadMessageError("a frame result is a JSON object")
    for lattice in fields.get("lattices") or ():
        if isinstance(lattice, dict) and isinstance(lattice.get("shells"), dict):
            lattice["shells"] = _shells(lattice["shells"])
    frame = msgspec.convert(fields, FrameResult)
    shared = {name: fields[name] for name in SHARED if name in fields}
    missing = {"job", "run"} - shared.keys()
    if missing:
        raise BadMessageError(f"a frame result without {' and '.join(sorted(missing))}")
    defaults = {"attempt": 0, "lane": "dials", "recipe": "", "worker": "", "file": ""}
    return msgspec.convert(defaults | shared | {"frames": (frame,)}, FramesProcessed)


def _shells(table: dict[str, Any]) -> dict[str, Any]:
    """Lists of numbers as the raw arrays of the message."""
    raw = {
        name: np.array([np.nan if v is None else v for v in table[name]], dtype).tobytes()
        for name, dtype in SHELL_TYPES.items()
        if isinstance(table.get(name), list)
    }
    return table | raw


def _counted(
    reader: ResultReader, files: tuple[str, ...], rules: Rules
) -> dict[Key, JobStatistics]:
    rows: dict[Key, list[Rows]] = {}
    for file in files:
        for key, row in reader.read(file):
            rows.setdefault(key, []).append(row)
    found = {key: JobStatistics(rules) for key in rows}
    for key, statistics in found.items():
        statistics.upsert_rows(np.concatenate(rows[key]))
    return found


def _chosen(found: dict[Key, JobStatistics], job: str | None, lane: str | None) -> JobStatistics:
    keys = [key for key in found if job in (None, key[0]) and lane in (None, key[1])]
    if len(keys) == 1:
        return found[keys[0]]
    if not keys and job is None and lane is None:
        return JobStatistics()
    if not keys:
        raise click.ClickException(f"no result of job {job or 'any'}, lane {lane or 'any'}")
    names = ", ".join(sorted(f"--job {name} --lane {lane}" for name, lane in keys))
    raise click.ClickException(f"results of several jobs or lanes: choose one of {names}")


def _as_object(statistics: JobStatistics) -> dict[str, Any]:
    return {
        "summary": _plain(statistics.summary()),
        "series": _series_object(statistics.series()),
        "live": {window.name: _plain(window) for window in statistics.live_windows()},
        "advice": [],
    }


def _plain(part: Any) -> Any:
    """A struct as a JSON object with every field present."""
    if isinstance(part, msgspec.Struct):
        return {name: _plain(getattr(part, name)) for name in part.__struct_fields__}
    return part


def _series_object(series: RunStatsSeries) -> dict[str, list[float | None]]:
    columns = {
        name: getattr(series, name).tolist()
        for name in ("frame", "solvent_rate", "indexing_rate", "multi_lattice_rate",
                     "high_quality_rate")
    }  # fmt: skip
    return {name: [None if v != v else v for v in values] for name, values in columns.items()}


def _as_text(statistics: JobStatistics) -> str:
    bar = statistics.summary()
    counts = ("processed", "hits", "indexed", "high_quality", "unreadable")
    named = (f"{getattr(bar, f'n_{name}')} {name.replace('_', ' ')}" for name in counts)
    lines = [", ".join(named), ""]
    for name in RATES:
        rate = getattr(bar.rates, name)
        shown = "–" if rate.value is None else (
            f"{100 * rate.value:5.1f} %  ({100 * rate.low:.1f} to {100 * rate.high:.1f})"
        )  # fmt: skip
        lines.append(f"{name.replace('_', ' '):18}{shown:28}{rate.numerator} of {rate.denominator}")
    return "\n".join(lines)
