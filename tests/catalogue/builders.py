"""Runs, trials, jobs and results for the tests of catalogue, sink and dispatcher."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs import messages as m
from libs.catalogue import GroupSettings, TrialSettings, in_transaction, trials
from libs.catalogue.jobs import ensure_job
from libs.catalogue.recipes import recipe_of
from libs.catalogue.runs import ensure_run
from libs.catalogue.trial_settings import LaneChoice

NOW = 1_763_870_400_000_000
RUN = m.run_id("mx2471", "jet-a", "13", 1)
TRIAL = TrialSettings(
    name="first", d_min_angstrom=1.7, phil="indexing.x = 1\n", lane=LaneChoice.DIALS
)
GROUP = GroupSettings(name="jets", source="jet-*")


def started(run: m.RunId = RUN, **changes: object) -> m.RunStarted:
    experiment, source, number, version = run.split("/")
    values: dict[str, object] = {
        "run": run,
        "experiment": experiment,
        "source": source,
        "number": number,
        "version": int(version[1:]),
        "path": "/data/r13",
        "started_us": NOW,
        "started_source": m.TimestampSource.FILE_TIME,
        "announced_us": NOW + 1,
    }
    return m.RunStarted(**(values | changes))


def arrived(
    sequence: int,
    count: int = 10,
    *,
    run: m.RunId = RUN,
    first: int | None = None,
    announced_us: int = NOW + 10,
) -> m.FramesArrived:
    begin = sequence * count if first is None else first
    span = m.FrameSpan(
        file=f"/data/r13/{sequence}.h5",
        first_index=0,
        first_frame=m.FrameNumber(begin),
        count=count,
        written_us=NOW,
    )
    return m.FramesArrived(run=run, sequence=sequence, spans=(span,), announced_us=announced_us)


def lattice(rng: random.Random) -> m.Lattice:
    mean = np.array([rng.uniform(0, 9) for _ in range(10)], "<f4").tobytes()
    n = np.arange(10, 0, -1, dtype="<u4").tobytes()
    return m.Lattice(
        unit_cell=(79.1 + rng.random(), 79.1, 38.0, 90.0, 90.0, 90.0),
        space_group="P 43 21 2",
        a_matrix=tuple(rng.uniform(-0.1, 0.1) for _ in range(9)),
        n_indexed=rng.randrange(20, 200),
        n_integrated=rng.randrange(200, 900),
        rmsd_px=0.5,
        offset_px=(0.25, -0.5),
        d_min_contiguous=2.1,
        d_min_cctbx=2.0,
        shells=m.Shells(d_min_angstrom=1.7, n=n, n_positive=n, mean=mean, mean_positive=mean),
    )


def result(frame: int, rng: random.Random, *, n_lattices: int | None = None) -> m.FrameResult:
    """A random result; every few frames one is unreadable or has several lattices."""
    if n_lattices is None:
        n_lattices = rng.choice([0, 0, 1, 1, 2])
    unreadable = rng.random() < 0.1
    return m.FrameResult(
        frame=m.FrameNumber(frame),
        index_in_file=frame,
        ts_us=NOW + 33_333 * frame,
        ts_source=m.TimestampSource.FRAME,
        outcome=m.Outcome.UNREADABLE if unreadable else m.Outcome.PROCESSED,
        reason="cut short" if unreadable else "",
        n_strong=rng.randrange(300),
        indexing_tried=n_lattices > 0,
        solvent_ratio=rng.uniform(0.5, 1.5),
        solvent_ratio_cctbx=rng.uniform(0.5, 1.5),
        ring_low=1.5,
        ring_high=2.25,
        wavelength_angstrom=1.3,
        d_min_contiguous=2.1 if n_lattices else None,
        d_min_cctbx=2.0 if n_lattices else None,
        lattices=tuple(lattice(rng) for _ in range(n_lattices)),
        timings_ms=m.TimingsMs(read=rng.random()),
        stages_us=m.StagesUs(written=NOW, done=NOW + frame),
    )


def batch(
    job: m.JobId, frames: Sequence[m.FrameResult], *, attempt: int = 1, worker: str = "w1"
) -> m.FramesProcessed:
    return m.FramesProcessed(
        job=job,
        attempt=attempt,
        run=RUN,
        lane=m.Lane.DIALS,
        file="/data/r13/0.h5",
        frames=tuple(frames),
        recipe="0123456789abcdef",
        worker=worker,
        versions={"dials": "3.12.1"},
    )


def recipe(**changes: Any) -> m.Recipe:
    """The recipe of TRIAL and GROUP, or another one."""
    return msgspec.structs.replace(recipe_of(TRIAL, GROUP), **changes)


async def add_trial(
    engine: AsyncEngine,
    trial: TrialSettings = TRIAL,
    group: GroupSettings = GROUP,
    *,
    active: bool = True,
    now_us: int = NOW,
) -> tuple[int, int]:
    """Numbers of a new trial and its run group."""

    async def work(connection: AsyncConnection) -> Any:
        group_id = await trials.add_group(connection, group, now_us=now_us)
        trial_id = await trials.add_trial(connection, trial, active=active, now_us=now_us)
        await trials.join(connection, trial_id, [group_id])
        return trial_id, group_id

    return await in_transaction(engine, work)


async def add_job(engine: AsyncEngine, run: m.RunId = RUN) -> m.JobId:
    """A trial, a run group, a run and its job."""
    trial, group = await add_trial(engine)

    async def work(connection: AsyncConnection) -> Any:
        await ensure_run(connection, started(run))
        await ensure_job(
            connection,
            run=run,
            trial=trial,
            run_group=group,
            recipe=recipe_of(TRIAL, GROUP),
            live_from_us=NOW,
            now_us=NOW,
        )

    await in_transaction(engine, work)
    return m.job_id(run, trial, group)
