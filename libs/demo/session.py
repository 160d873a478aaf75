"""The demo from beginning to end: stack, catalogue, beamtime, waiting, verification.

Lives in a folder of its own below `var`, made anew each time, so that it never touches what an
operator keeps.
"""

import asyncio
import itertools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from tqdm import tqdm

from libs.catalogue.engine import open_engine
from libs.demo.beamtime import (
    LIVE_SCENARIOS,
    ONCE,
    REAL,
    ROOT,
    SimulatedRun,
    copy_images,
    simulate_command,
)
from libs.demo.results import Latencies, RunCounts, latencies_s, run_counts
from libs.demo.verification import verify
from libs.local_stack import LocalStack
from libs.local_stack.supervisor_file import END_WITH_PARENT
from libs.service_kit import DatabaseSettings

DEADLINE_S = 900.0
POLL_S = 0.5
SEED = ROOT / "deploy" / "local" / "seed.toml"
LIVE_FRAMES, LIVE_RATE_HZ = 600, 2.0


class DemoError(Exception):
    """The demo could not run: what went wrong and where to look."""


def fresh_folder(var: Path) -> None:
    """Take away what an earlier demo left; refuse while its stack still runs."""
    if var.exists() and LocalStack(var).running:
        raise DemoError(
            f"a demo runs already in {var}: "
            f"stop it with `stillstream down --var {shlex.quote(str(var))}`"
        )
    shutil.rmtree(var, ignore_errors=True)
    var.mkdir(parents=True)


def seed_catalogue(stack: LocalStack) -> None:
    """Trials and run groups for the simulated jet and the real images."""
    done = subprocess.run(
        [sys.executable, "-m", "libs.command_line", "trial", "seed", str(SEED)],
        cwd=ROOT,
        env={**os.environ, **stack.env("editor")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"the catalogue could not be filled:\n{done.stderr[-2000:]}")


def reader_engine(stack: LocalStack) -> AsyncEngine:
    """The demo stack's database, by the reader's account."""
    env, prefix = stack.env("reader"), "STILLSTREAM_DATABASE__"
    settings = {k.removeprefix(prefix).lower(): v for k, v in env.items() if k.startswith(prefix)}
    return open_engine(DatabaseSettings.model_validate(settings).url())


async def run_once(stack: LocalStack, beamtime: Path) -> list[str]:
    """Feed the beamtime of `--once`, wait for every result; what is wrong."""
    engine = reader_engine(stack)
    try:
        await asyncio.gather(_feed(beamtime, iter(ONCE)), _until_complete(engine))
        return await verify(engine, beamtime, ONCE)
    finally:
        await engine.dispose()


async def run_live(beamtime: Path) -> None:
    """Feed one simulated run after the other until cancelled."""
    await _feed(beamtime, _endless())


async def counts_now(stack: LocalStack) -> tuple[list[RunCounts], Latencies]:
    """What the database says at this moment."""
    engine = reader_engine(stack)
    try:
        return await run_counts(engine), await latencies_s(engine)
    finally:
        await engine.dispose()


def _endless() -> Iterator[SimulatedRun]:
    for number, scenario in enumerate(itertools.cycle(LIVE_SCENARIOS), start=1):
        yield SimulatedRun(
            number=number,
            scenario=scenario,
            frames=LIVE_FRAMES,
            rate_hz=LIVE_RATE_HZ,
            seed=number,
        )


async def _feed(beamtime: Path, runs: Iterator[SimulatedRun]) -> None:
    """A simulated run, the real images, then the other simulated runs."""
    await _simulate(beamtime, itertools.islice(runs, 1))
    copy_images(beamtime)
    await _simulate(beamtime, runs)


async def _simulate(beamtime: Path, runs: Iterator[SimulatedRun]) -> None:
    for run in runs:
        process = await asyncio.create_subprocess_exec(
            *END_WITH_PARENT,
            *simulate_command(beamtime, run),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, errors = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode:
            raise DemoError(f"the simulation failed:\n{errors.decode()[-2000:]}")


async def _until_complete(engine: AsyncEngine) -> None:
    wanted = sum(run.frames for run in ONCE) + sum(len(images.files()) for images in REAL)
    n_runs = len(ONCE) + len(REAL)
    with tqdm(total=wanted, unit="frame", desc="stored", disable=None) as bar:
        try:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    runs = await run_counts(engine)
                    bar.update(sum(run.stored for run in runs) - bar.n)
                    if len(runs) == n_runs and all(run.complete for run in runs):
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise DemoError(
                f"after {DEADLINE_S:.0f} s the results are not complete: {await run_counts(engine)}"
            ) from error
