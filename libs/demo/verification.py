"""What must be true after the demo: every frame stored exactly once, real images as DIALS says."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from libs.demo.beamtime import IMAGES, REAL, RealImages, SimulatedRun
from libs.demo.reference import differences, expected_answers
from libs.demo.results import RunCounts, answers, run_counts, stored_frames
from libs.simulation import read_frame_truths

EXPECTED = IMAGES / "expected_dials.json"


async def verify(
    engine: AsyncEngine, beamtime: Path, simulated: Sequence[SimulatedRun]
) -> list[str]:
    """Problems in words; none when all is as it must be."""
    counts = {(run.source, run.number): run for run in await run_counts(engine)}
    problems: list[str] = []
    for run in simulated:
        problems += await _simulated(engine, beamtime, f"r{run.number:04d}", counts)
    for images in REAL:
        problems += await _real(engine, images, counts)
    return problems


async def _simulated(
    engine: AsyncEngine, beamtime: Path, number: str, counts: dict[tuple[str, str], RunCounts]
) -> list[str]:
    truths = read_frame_truths(beamtime / "jet" / number)
    wanted = [truth.frame for truth in truths]
    stored = await stored_frames(engine, "jet", number)
    problems = []
    if stored != wanted:
        missing, more = set(wanted) - set(stored), set(stored) - set(wanted)
        problems.append(
            f"jet/{number}: {len(wanted)} frames were written, {len(stored)} are stored "
            f"(missing {sorted(missing)[:5]}, unknown {sorted(more)[:5]})"
        )
    run = counts.get(("jet", number))
    if run is None or run.counted != len(wanted) or run.rates_processed != run.counted:
        problems.append(f"jet/{number}: the statistics do not count every frame: {run}")
    return problems


async def _real(
    engine: AsyncEngine, images: RealImages, counts: dict[tuple[str, str], RunCounts]
) -> list[str]:
    name = f"{images.source}/{images.run}"
    run = counts.get((images.source, images.run))
    if run is None or run.stored != len(images.files()):
        return [f"{name}: {len(images.files())} images were copied, the database has {run}"]
    expected = expected_answers(EXPECTED)
    ours = await answers(engine, images.source, images.run)
    problems = []
    for image in images.files():
        key = image.name.removesuffix(".bz2")
        if key not in ours:
            problems.append(f"{name}: no result of {key}")
        else:
            problems += [f"{name}/{key}: {d}" for d in differences(expected[key], ours[key])]
    return problems
