"""Cells and shell tables out of a real database: those of the results that were stored."""

import random

import msgspec
import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.crystallography.rates import FrameColumns, rows_of
from libs.messages import FrameNumber, FramesProcessed, JobId, Lane
from services.live_view.catalogue import DatabaseCatalogue
from tests.catalogue.builders import add_job, batch, result
from tests.database_sink.harness import Harness
from tests.engines import editor, writer
from tests.live_view.builders import shown_job

__all__ = ["editor", "writer"]
pytestmark = pytest.mark.system


def said(job: JobId, lane: Lane, attempt: int, seed: int) -> FramesProcessed:
    rng = random.Random(seed)
    frames = [result(number, rng) for number in range(40)]
    made = batch(job, frames, attempt=attempt)
    return msgspec.structs.replace(made, lane=lane)


async def test_cells_and_lanes_come_back(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    messages = [
        said(name, Lane.DIALS, 1, 1),
        said(name, Lane.DIALS, 2, 2),
        said(name, Lane.FAST, 2, 3),
    ]
    await Harness(writer, messages).drain()
    catalogue = DatabaseCatalogue(editor)
    job = shown_job(id=1, job=name, attempt=2)
    assert set(await catalogue.lanes(job)) == {Lane.DIALS, Lane.FAST}
    for message in messages[1:]:
        found, expected = await catalogue.compared(job, message.lane), rows_of(message)
        assert found["frame"].tolist() == list(range(40))
        assert np.array_equal(found["cell"], expected["cell"])
        for column in ("precedence", "n_strong", "n_lattices", "d_min_contiguous"):
            assert np.array_equal(found[column], expected[column], equal_nan=True)


async def test_shell_tables_come_back_for_the_results_that_count(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    messages = [said(name, Lane.DIALS, 1, 1), said(name, Lane.DIALS, 2, 2)]
    await Harness(writer, messages).drain()
    catalogue, job = DatabaseCatalogue(editor), shown_job(id=1, job=name, attempt=2)
    columns, expected = FrameColumns(), rows_of(messages[1])
    columns.upsert_rows(await catalogue.rows(job))
    columns.complete(await catalogue.tables(job))
    indexed = expected["n_lattices"] > 0
    for column in ("shell_d_min", "contiguous", "cctbx"):
        assert np.array_equal(columns.rows[column][indexed], expected[column][indexed])


async def test_a_frame_is_looked_up_in_its_lane(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    await Harness(writer, [said(name, Lane.FAST, 1, 3)]).drain()
    catalogue = DatabaseCatalogue(editor)
    job = shown_job(id=1, job=name)
    stored = await catalogue.frame(job, FrameNumber(3), Lane.FAST)
    assert stored is not None
    assert stored.lane is Lane.FAST
    assert await catalogue.frame(job, FrameNumber(3), Lane.DIALS) is None
