"""`stillstream rates`: what the statistics say of recorded frame results. No broker, no database.

Input: the lines of `stillstream process --json`, one frame result each, with what its batch shares,
or recordings of `stillstream record`; these know their jobs: cut-offs, lane, attempt.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import click
import numpy as np

from libs.command_line.cutoff_options import AskedCutoffs, asked_cutoffs, cutoff_options
from libs.command_line.rates_output import as_object, as_text
from libs.command_line.result_reader import Key, ResultReader
from libs.crystallography.agreement import REFERENCE_LANE, agreement_of
from libs.crystallography.rates import RESOLUTIONS, JobStatistics, Resolution, Rows, Rules
from libs.messages import Agreement, Cutoffs, JobId, Lane


@click.command("rates")
@click.argument("results", nargs=-1, required=True, type=click.Path())
@click.option("--job", help="The job to look at, where the file holds several")
@click.option("--lane", type=click.Choice([lane.value for lane in Lane]),
              help="The job's own lane, where the file holds several")  # fmt: skip
@cutoff_options
@click.option("--resolution", type=click.Choice(RESOLUTIONS), default="contiguous",
              show_default=True, help="Which definition of resolution")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object")
def command(
    results: tuple[str, ...],
    job: str | None,
    lane: str | None,
    resolution: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Statistics bar, live windows, run-stats series and advice of the frame results in RESULTS
    (JSON lines; - for standard input; or files of `stillstream record`)."""
    asked, reader = asked_cutoffs(options), ResultReader()
    rows = _rows(reader, results)
    key = _chosen(reader, list(rows), job, lane)
    rules = _rules(reader, key, asked, cast("Resolution", resolution))
    statistics = _statistics(rules, rows.get(key, ()) if key else ())
    agreement = _agreement(key, rows, statistics)
    name = JobId(key[0] if key else "")
    if as_json:
        print(json.dumps(as_object(name, statistics, agreement), allow_nan=False))
    else:
        print(as_text(name, statistics, agreement))
    if reader.n_bad:
        click.echo(f"{reader.n_bad} lines could not be used", err=True)
        sys.exit(1)


def _rows(reader: ResultReader, files: tuple[str, ...]) -> dict[Key, list[Rows]]:
    rows: dict[Key, list[Rows]] = {}
    for file in files:
        for key, some in reader.rows(file):
            rows.setdefault(key, []).append(some)
    return rows


def _statistics(rules: Rules, rows: Sequence[Rows]) -> JobStatistics:
    statistics = JobStatistics(rules)
    if rows:
        statistics.upsert_rows(np.concatenate(rows))
    return statistics


def _agreement(
    key: Key | None, rows: Mapping[Key, Sequence[Rows]], own: JobStatistics
) -> Agreement | None:
    """With the job's results in the reference lane, where the file holds any."""
    reference = (key[0], REFERENCE_LANE.value) if key else None
    if reference is None or reference == key or reference not in rows:
        return None
    return agreement_of(own, _statistics(own.rules, rows[reference]))


def _rules(
    reader: ResultReader, key: Key | None, asked: AskedCutoffs, resolution: Resolution
) -> Rules:
    known = reader.jobs.get(JobId(key[0])) if key else None
    cutoffs = asked.over(known.recipe.cutoffs if known else Cutoffs())
    return Rules(cutoffs=cutoffs, resolution=resolution, attempt=known.attempt if known else 0)


def _chosen(
    reader: ResultReader, keys: Sequence[Key], job: str | None, lane: str | None
) -> Key | None:
    """The one that was asked for; a recorded job's own lane, where none was."""
    fitting = [key for key in keys if job in (None, key[0]) and lane in (None, key[1])]
    if lane is None and len(fitting) > 1:
        own = [key for key in fitting if _is_own_lane(reader, key)]
        fitting = own or fitting
    if len(fitting) == 1:
        return fitting[0]
    if not keys and job is None and lane is None:
        return None
    if not fitting:
        raise click.ClickException(f"no result of job {job or 'any'}, lane {lane or 'any'}")
    names = ", ".join(sorted(f"--job {name} --lane {lane}" for name, lane in fitting))
    raise click.ClickException(f"results of several jobs or lanes: choose one of {names}")


def _is_own_lane(reader: ResultReader, key: Key) -> bool:
    known = reader.jobs.get(JobId(key[0]))
    return known is not None and known.recipe.lane.value == key[1]
