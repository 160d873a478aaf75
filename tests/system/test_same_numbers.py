"""A finished run's statistics bar is the same number wherever somebody reads it."""

import asyncio
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from libs.command_line.__main__ import main
from libs.messages import JobId, StatisticsBar
from tests.stats_aggregator.process import all_rates
from tests.system.beamtime import Beamtime, wait_for
from tests.system.flow import SOURCE, Flow, FlowRun, some_runs
from tests.system.prometheus import query

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
RATES = ("solvent", "hit", "indexing", "indexing_success", "multi_lattice", "high_quality")
BOUNDS = {"value": "", "low": "_low", "high": "_high"}
Numbers = dict[str, float | None]


def of_bar(bar: StatisticsBar) -> Numbers:
    """Counts, and each rate with its bounds, under the database's names."""
    fields: Mapping[str, Any] = msgspec.to_builtins(bar)
    numbers: Numbers = {name: value for name, value in fields.items() if name.startswith("n_")}
    for rate in RATES:
        for bound, suffix in BOUNDS.items():
            numbers[f"{rate}_rate{suffix}"] = fields["rates"][rate][bound]
    return numbers


def in_database(beamtime: Beamtime, run: FlowRun, names: Numbers) -> Numbers:
    (row,) = beamtime.query(
        f"SELECT {', '.join(f'rates.{name}' for name in names)} FROM rates "  # noqa: S608
        "JOIN job ON job.id = rates.job_id WHERE job.name = :job",
        job=run.job,
    )
    return dict(row)


def by_command(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def in_prometheus(url: str, names: Numbers) -> Numbers:
    """What it knows of the current run; as it writes "unknown", so do we."""
    rates = {
        f"{row['metric']['rate']}_rate{BOUNDS[row['metric']['bound']]}": float(row["value"][1])
        for row in query(url, 'stillstream_rate{window="run"}')
    }
    counts = {
        f"n_{row['metric']['kind']}": float(row["value"][1])
        for row in query(url, "stillstream_frames")
    }
    found = rates | counts
    values = {name: found.get(name, math.nan) for name in names}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


async def test_the_bar_is_the_same_everywhere(flow: Flow, tmp_path: Path) -> None:
    runs = some_runs("s", 2000)
    await flow.register(runs)
    await flow.feed(runs)
    await asyncio.to_thread(agree, flow, runs, tmp_path / "shift.rec.gz")


def agree(flow: Flow, runs: list[FlowRun], recording: Path) -> None:
    beamtime, url = Beamtime(flow.stack), flow.stack.addresses()["prometheus"]
    for run in runs:
        beamtime.complete(SOURCE, run.number)
    by_command("record", str(recording), "--bootstrap", flow.bootstrap)
    bars = {run.job: of_bar(run.counted()) for run in runs}
    for run in runs:
        bar = bars[run.job]
        published = asyncio.run(all_rates(flow.bootstrap, JobId(run.job)))[-1]
        assert not published.preliminary
        assert of_bar(published.summary) == bar
        assert in_database(beamtime, run, bar) == bar
        offline = json.loads(by_rates(recording, run))["summary"]
        assert of_bar(msgspec.convert(offline, StatisticsBar)) == bar
    current = {run.run: bars[run.job] for run in runs}
    wait_for("the same in Prometheus", lambda: shown(url) in current.items())


def by_rates(recording: Path, run: FlowRun) -> str:
    """`stillstream rates`; its exit status tells of the poisoned messages in the recording."""
    result = CliRunner().invoke(main, ["rates", str(recording), "--job", run.job, "--json"])
    assert "could not be used" in result.stderr
    return result.stdout


def shown(url: str) -> tuple[str, Numbers] | None:
    """The run that Prometheus shows as the current one, and its numbers; None while it has none."""
    rows = query(url, "stillstream_run_info == 1")
    if len(rows) != 1:
        return None
    (info,) = rows
    names: Numbers = dict.fromkeys(of_bar(FlowRun("x", 100, 0).counted()))
    return info["metric"]["run"], in_prometheus(url, names)
