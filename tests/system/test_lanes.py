"""A fast job on real parts: its reference sample goes through DIALS, and the agreement is shown."""

import asyncio
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from libs.command_line.__main__ import main
from libs.command_line.compared_lanes import all_fields
from libs.messages import Agreement, FrameNumber, JobId, run_id, selected_for_reference
from tests.stats_aggregator.process import all_rates
from tests.system.beamtime import Beamtime, wait_for
from tests.system.prometheus import query

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
FRAMES, RUN, SAMPLE = 12, "r0060", 0.2
WHO = ("both", "neither", "own", "reference")
RANGE = ("median", "low", "high")
BOUNDS = {"value": "", "median": "", "low": "_low", "high": "_high"}
SAMPLED = """
    SELECT frame.frame, frame.n_strong, frame.n_lattices FROM frame
    JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id
    WHERE run.source = 'jet' AND run.number = :number AND frame.lane = :lane ORDER BY frame.frame
"""


def rows(beamtime: Beamtime, lane: str) -> dict[int, tuple[Any, ...]]:
    found = beamtime.query(SAMPLED, number=RUN, lane=lane)
    return {row["frame"]: (row["n_strong"], row["n_lattices"]) for row in found}


def test_a_fast_job_is_checked_by_its_reference_sample(beamtime: Beamtime, tmp_path: Path) -> None:
    beamtime.write(60, frames=FRAMES, start_us=None).join()
    counts = beamtime.complete("jet", RUN)
    fast = rows(beamtime, "fast")
    assert sorted(fast) == list(range(FRAMES))
    run = run_id("systest", "jet", RUN, 1)
    expected = {f for f in range(FRAMES) if selected_for_reference(run, FrameNumber(f), SAMPLE)}
    assert expected
    reference = wait_for(
        f"the reference results of frames {sorted(expected)}",
        lambda: (found := rows(beamtime, "dials")).keys() == expected and found,
    )
    assert [fast[frame][0] for frame in reference] == [n for n, _ in reference.values()]
    assert (counts.stored, counts.rates_processed) == (FRAMES, FRAMES)
    url = beamtime.stack.addresses()["prometheus"]
    wait_for("the agreement in Prometheus", lambda: _compared(url) == len(expected))
    the_agreement_is_the_same_everywhere(beamtime, f"{run}/t001/g001", tmp_path / "run.rec")


def the_agreement_is_the_same_everywhere(beamtime: Beamtime, job: str, recording: Path) -> None:
    """Topic, database, Prometheus, and `stillstream rates` on a recording."""
    bootstrap = beamtime.stack.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
    published = asyncio.run(all_rates(bootstrap, JobId(job)))[-1].agreement
    assert published is not None
    numbers = _flat(published)
    wait_for("the same in the database", lambda: _stored(beamtime, job, numbers) == numbers)
    url = beamtime.stack.addresses()["prometheus"]
    shown = {name: number for name, number in numbers.items() if not name.endswith("_n")}
    wait_for("the same in Prometheus", lambda: _scraped(url) == shown)
    _by_command("record", str(recording), "--bootstrap", bootstrap)
    offline = json.loads(_rates(recording, job))["agreement"]
    assert offline == json.loads(json.dumps(all_fields(published)))


def _flat(found: Agreement) -> dict[str, Any]:
    """Under the database's names."""
    rate = found.agreement
    numbers: dict[str, Any] = {
        "agreement_rate": rate.value,
        "agreement_rate_low": rate.low,
        "agreement_rate_high": rate.high,
    }
    numbers |= {f"n_indexed_by_{who}": getattr(found, f"n_indexed_by_{who}") for who in WHO}
    for name in ("n_strong", "cell_percent", "d_min_angstrom"):
        difference = getattr(found, name)
        numbers[f"{name}_difference_n"] = difference.n
        numbers |= {f"{name}_difference{BOUNDS[b]}": getattr(difference, b) for b in RANGE}
    return numbers


def _stored(beamtime: Beamtime, job: str, names: Mapping[str, Any]) -> dict[str, Any]:
    (row,) = beamtime.query(
        f"SELECT {', '.join(f'rates.{name}' for name in names)} FROM rates "  # noqa: S608
        "JOIN job ON job.id = rates.job_id WHERE job.name = :job",
        job=job,
    )
    return dict(row)


def _scraped(url: str) -> dict[str, Any]:
    found = {
        f"agreement_rate{BOUNDS[row['metric']['bound']]}": _value(row)
        for row in query(url, "stillstream_agreement")
    }
    found |= {
        f"n_indexed_by_{row['metric']['indexed_by']}": _value(row)
        for row in query(url, "stillstream_agreement_frames")
    }
    return found | {
        f"{row['metric']['quantity']}_difference{BOUNDS[row['metric']['bound']]}": _value(row)
        for row in query(url, "stillstream_agreement_difference")
    }


def _value(row: Mapping[str, Any]) -> float | None:
    number = float(row["value"][1])
    return None if math.isnan(number) else number


def _rates(recording: Path, job: str) -> str:
    """Status 1 only says that another test left bad messages in the recorded topics."""
    result = CliRunner().invoke(main, ["rates", str(recording), "--job", job, "--json"])
    assert result.exit_code == ("could not be used" in result.stderr), result.output
    return result.stdout


def _by_command(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def _compared(url: str) -> int:
    return int(sum(float(row["value"][1]) for row in query(url, "stillstream_agreement_frames")))
