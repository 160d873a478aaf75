"""`stillstream cells`: the lattices of a job in a real database, clustered by real DIALS."""

import asyncio
import json
import os

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.command_line.__main__ import main
from libs.messages import FrameResult, FramesProcessed, Lane
from tests.catalogue.builders import add_job, batch
from tests.crystallography.rates.builders import lattice, result
from tests.database_server import DatabaseServer
from tests.database_sink.harness import Harness
from tests.engines import editor, writer

__all__ = ["editor", "writer"]
pytestmark = pytest.mark.system


def found(frame: int, factor: float) -> FrameResult:
    a, b, c, *angles = lattice().unit_cell
    cell = (c * factor, a * factor, b * factor, *angles)
    one = msgspec.structs.replace(lattice(), unit_cell=cell, space_group="P 1")
    return result(frame, lattices=(one,))


async def test_the_cells_of_a_job_are_proposed(
    editor: AsyncEngine, writer: AsyncEngine, database: DatabaseServer
) -> None:
    job = await add_job(editor)
    frames = [found(n, 1.0 + 0.001 * (n % 3)) for n in range(9)]
    message: FramesProcessed = msgspec.structs.replace(batch(job, frames), lane=Lane.DIALS)
    await Harness(writer, [message]).drain()
    environment = os.environ | database.env("editor")
    done = await asyncio.to_thread(
        CliRunner().invoke, main, ("cells", job, "--json"), env=environment
    )
    assert done.exit_code == 0, done.output
    (cell,) = json.loads(done.stdout)["cells"]
    assert (cell["n_lattices"], cell["n_of"], cell["bravais"]) == (9, 9, "tP")
    assert cell["unit_cell"][:3] == pytest.approx([78.08, 78.08, 37.04], abs=0.02)
