"""Frames flow, and aggregator and sink are killed: rows and rates are those of a quiet flow."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from libs.crystallography.advice import Cause
from tests.conftest import StackFactory
from tests.system.beamtime import DEADLINE_S, Beamtime, Rows, wait_for
from tests.system.flow import SOURCE, VICTIMS, Disturbance, Flow, FlowRun, some_runs

pytestmark = pytest.mark.system
ADVICE = "cause, since_us, cleared_us, level, evidence, suggestion"


async def through(flow: Flow, runs: Sequence[FlowRun], gap_s: float = 0.0) -> None:
    await flow.register(runs)
    await flow.feed(runs, gap_s=gap_s)


def stored(flow: Flow, runs: Sequence[FlowRun]) -> list[tuple[Rows, list[dict[str, Any]]]]:
    """All rows of the runs, once they are complete; advice that late results took back is none."""
    beamtime = Beamtime(flow.stack)
    for run in runs:
        beamtime.complete(SOURCE, run.number, 600.0)
        wait_for(f"the end of {run.number}'s advice", lambda r=run: has_ended(beamtime, r))  # type: ignore[misc]
    return [(beamtime.rows(SOURCE, run.number), advice(beamtime, run)) for run in runs]


def has_ended(beamtime: Beamtime, run: FlowRun) -> bool:
    """Whether advice was raised (the sample is too dilute) and ended with the run."""
    (row,) = beamtime.query(
        "SELECT COUNT(*) AS told, SUM(cleared_us IS NULL) AS open FROM advice "
        "JOIN job ON job.id = advice.job_id WHERE job.name = :job",
        job=run.job,
    )
    return bool(row["told"]) and not row["open"]


def advice(beamtime: Beamtime, run: FlowRun) -> list[dict[str, Any]]:
    """Without "processing lags", which is a fact of the clock."""
    rows = beamtime.query(
        f"SELECT {ADVICE} FROM advice JOIN job ON job.id = advice.job_id "  # noqa: S608
        "WHERE job.name = :job AND cause <> :lag AND NOT cleared_us <=> since_us "
        "ORDER BY since_us, cause",
        job=run.job,
        lag=Cause.LAG.value,
    )
    return [dict(row) for row in rows]


async def proved(flow: Flow, n_frames: int, gap_s: float, disturbance: Disturbance) -> list[str]:
    """The quiet flow and the disturbed one give the same; gives who was killed."""
    quiet, disturbed = some_runs("q", n_frames), some_runs("k", n_frames)
    await through(flow, quiet)
    expected = stored(flow, quiet)
    await flow.register(disturbed)
    killed, _ = await asyncio.gather(
        disturbance.befall(flow.stack), flow.feed(disturbed, gap_s=gap_s)
    )
    for run, (found, said), (rows, told) in zip(
        disturbed, stored(flow, disturbed), expected, strict=True
    ):
        assert found.rates == rows.rates
        assert said == told
        assert found.frames == rows.frames
        assert found.lattices == rows.lattices
        bar = run.counted()
        assert len(rows.frames) == bar.n_processed == run.n_frames
        assert rows.rates[0][:5] == (
            bar.n_processed, bar.n_selected, bar.n_tried, bar.n_solvent, bar.n_hits,
        )  # fmt: skip
        assert told
    assert await put_away(flow) == dict.fromkeys(VICTIMS, flow.n_poison)
    return killed


async def put_away(flow: Flow) -> dict[str, int]:
    """How much poison each service put away in the end: some lies behind the last result."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        counts = {name: len(places) for name, places in (await flow.rejected()).items()}
        enough = min(counts.values()) >= flow.n_poison
        if enough or asyncio.get_running_loop().time() > deadline:
            return counts
        await asyncio.sleep(0.2)


@pytest.mark.timeout(600)
async def test_a_few_kills_change_nothing(flow: Flow) -> None:
    few = Disturbance(kills=4, longest_pause_s=5.0, away_s=1.0, seed=1)
    assert len(await proved(flow, 4000, 0.25, few)) == few.kills


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_twenty_kills_while_50000_frames_flow_change_nothing(stack: StackFactory) -> None:
    flow = Flow(stack(services=VICTIMS, infrastructure=["kafka", "mariadb"]))
    many = Disturbance(kills=20, longest_pause_s=9.0, away_s=30.0, seed=20261127)
    killed = await proved(flow, 50_000, 0.18, many)
    print(f"killed {len(killed)}: {' '.join(killed)}; {flow.n_poison} poisoned messages")
    assert len(killed) == many.kills
