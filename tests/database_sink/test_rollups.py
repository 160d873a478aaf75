"""Roll-ups in a real database equal what the statistics count of the same frames."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs import messages as m
from libs.catalogue import delete_job, find_job, in_transaction
from libs.catalogue.jobs import keep_recipe, restart_job
from libs.catalogue.rollup_models import ROLLUP_WIDTHS
from libs.crystallography.rates import JobStatistics, Rules
from services.database_sink.rollup_sql import ranges
from tests.catalogue.builders import NOW, add_job, batch, recipe, result
from tests.database_server import DatabaseServer
from tests.database_sink.harness import FILLED, Harness, everything, table
from tests.messages.examples import EXAMPLES

pytestmark = pytest.mark.system
COUNTS = (
    "n_processed", "n_selected", "n_tried", "n_solvent", "n_hits", "n_indexed",
    "n_multi_lattice", "n_high_quality", "n_unreadable",
)  # fmt: skip
COUNTED = ("processed", "screened", "crashed", "timed_out")


@given(st.sets(st.integers(0, 10_000)), st.sampled_from(ROLLUP_WIDTHS))
def test_ranges_hold_exactly_the_buckets_of_the_frames(frames: set[int], width: int) -> None:
    found = ranges(frames, width)
    buckets = [bucket for first, last in found for bucket in range(first, last + 1)]
    assert buckets == sorted({frame // width for frame in frames})
    assert all(a[1] + 1 < b[0] for a, b in pairwise(found))


def varied(frame: int, rng: random.Random) -> m.FrameResult:
    """Every outcome, with what such results carry; ratios that are missing or not positive."""
    outcome = rng.choice([*m.Outcome, *[m.Outcome.PROCESSED] * 8])
    indexed = outcome is m.Outcome.PROCESSED and rng.random() < 0.4
    given = result(frame, rng, n_lattices=rng.randrange(1, 4) if indexed else 0)
    return msgspec.structs.replace(
        given,
        outcome=outcome,
        reason="",
        indexing_tried=rng.random() < 0.5,
        n_strong=rng.choice([39, 40, 41, rng.randrange(300)]),
        solvent_ratio=rng.choice([None, -1.0, 0.0, 1.0, rng.uniform(0.5, 1.5)]),
        d_min_contiguous=rng.choice([None, 2.5, rng.uniform(1.8, 3.5)]) if indexed else None,
    )


def expected(
    messages: Iterable[m.FramesProcessed], rules: Rules, width: int
) -> dict[tuple[int, str], dict[str, Any]]:
    """By bucket and lane, by the core of the statistics."""
    split: dict[tuple[int, str], list[m.FramesProcessed]] = defaultdict(list)
    for message in messages:
        for frame in message.frames:
            part = msgspec.structs.replace(message, frames=(frame,))
            split[frame.frame // width, message.lane.value].append(part)
    bars = {}
    for key, parts in split.items():
        statistics = JobStatistics(rules)
        statistics.upsert_all(parts)
        if statistics.n_results:
            bar = statistics.summary()
            bars[key] = {name: getattr(bar, name) for name in COUNTS}
            bars[key]["n_results"] = statistics.n_results
    return bars


async def stored(engine: AsyncEngine, width: int) -> dict[tuple[int, str], dict[str, Any]]:
    return {
        (row["bucket"], row["lane"]): {name: row[name] for name in (*COUNTS, "n_results")}
        for row in await table(engine, "frame_rollup")
        if row["width"] == width
    }


async def is_exact(
    engine: AsyncEngine, messages: Sequence[m.FramesProcessed], rules: Rules
) -> None:
    for width in ROLLUP_WIDTHS:
        assert await stored(engine, width) == expected(messages, rules, width)


def said(job: m.JobId, seed: int, frames: Sequence[int]) -> list[m.FramesProcessed]:
    rng = random.Random(seed)
    results = [varied(frame, rng) for frame in (*frames, *rng.sample(list(frames), 20))]
    sent = [batch(job, results[i : i + 3]) for i in range(0, len(results), 3)]
    lanes = [m.Lane.DIALS, m.Lane.FAST]
    return [msgspec.structs.replace(s, lane=lanes[i % 7 == 0]) for i, s in enumerate(sent)]


FRAMES = [*range(350), *range(9_950, 10_050), *range(25_000, 25_010)]


async def test_they_are_what_the_statistics_count_in_any_order_and_batches(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    messages = said(name, 1, FRAMES)
    await Harness(writer, messages).drain()
    await is_exact(writer, messages, Rules(attempt=1))
    whole = await everything(writer)
    mixed = [*messages, *random.Random(2).sample(messages, 30)]
    random.Random(3).shuffle(mixed)
    database.clear(*FILLED)
    await Harness(writer, mixed, batch_records=11).drain()
    assert await everything(writer) == whole


async def test_times_and_spots_are_those_of_the_frames(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    await Harness(writer, said(await add_job(editor), 4, range(250))).drain()
    frames = [row for row in await table(writer, "frame") if row["lane"] == "dials"]
    for row in await table(writer, "frame_rollup"):
        if row["lane"] != "dials":
            continue
        width, bucket = row["width"], row["bucket"]
        inside = [f for f in frames if f["frame"] // width == bucket]
        strong = [f["n_strong"] for f in inside if f["outcome"] in COUNTED]
        times = [f["ts_us"] for f in inside]
        assert (row["first_ts_us"], row["last_ts_us"]) == (min(times), max(times))
        spots = (row["strong_sum"], row["strong_min"], row["strong_max"])
        assert spots == (sum(strong), min(strong), max(strong))
        assert row["n_crashed"] == sum(f["outcome"] == "crashed" for f in inside)
        assert row["n_timed_out"] == sum(f["outcome"] == "timed_out" for f in inside)


async def test_a_new_attempt_and_other_cutoffs_count_all_anew(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    first = said(name, 5, range(200))
    await Harness(writer, first).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))
    await in_transaction(editor, lambda c: restart_job(c, job.id, now_us=NOW))
    late = [msgspec.structs.replace(first[0], frames=(varied(7, random.Random(6)),))]
    await Harness(writer, [*first, *late]).drain()
    assert await stored(writer, 100) == {}
    cutoffs = m.Cutoffs(hit=100, solvent=0.7, lattices=3, d_min_quality_angstrom=2.0)
    await _set_recipe(editor, name, cutoffs)
    again = [msgspec.structs.replace(s, attempt=2) for s in said(name, 7, range(150))]
    await Harness(writer, [*first, *late, *again]).drain()
    await is_exact(writer, again, Rules(cutoffs=cutoffs, attempt=2))


async def _set_recipe(engine: AsyncEngine, name: str, cutoffs: m.Cutoffs) -> None:
    async def work(connection: AsyncConnection) -> None:
        job = await find_job(connection, name)
        await keep_recipe(connection, job, recipe(cutoffs=cutoffs))

    await in_transaction(engine, work)


async def test_news_of_a_job_alone_count_its_frames_by_its_new_cutoffs(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    messages = said(name, 8, range(130))
    await Harness(writer, messages).drain()
    cutoffs = m.Cutoffs(hit=200)
    await _set_recipe(editor, name, cutoffs)
    changed = next(example for example in EXAMPLES if isinstance(example, m.JobChanged))
    state = {"attempt": 1, "state": m.JobState.ACTIVE, "recipe": recipe(cutoffs=cutoffs)}
    news = msgspec.structs.replace(changed, job=name, **state)
    await Harness(writer, [news]).drain()
    await is_exact(writer, messages, Rules(cutoffs=cutoffs, attempt=1))


async def test_frames_that_older_software_wrote_are_counted_at_the_start(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    messages = said(name, 9, range(130))
    await Harness(writer, messages).drain()
    database.clear("frame_rollup", "rollup_rules")
    await Harness(writer, messages[:1]).drain()
    await is_exact(writer, messages, Rules(attempt=1))


async def test_they_go_with_their_job(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    await Harness(writer, said(name, 10, range(130))).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))
    await delete_job(editor, job.id, now_us=NOW)
    await Harness(writer, said(name, 10, range(130))).drain()
    assert await table(writer, "frame_rollup") == []
    assert await table(writer, "rollup_rules") == []
