"""The agreement of a job's lanes beside its statistics bar, in the real database."""

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue import open_engine
from services.database_sink.summary_rows import AGREEMENT_COLUMNS
from tests.catalogue.builders import add_job
from tests.database_server import DatabaseServer
from tests.database_sink.harness import Harness, everything, table
from tests.messages.examples import EXAMPLES

pytestmark = pytest.mark.system
AGREEMENT = m.Agreement(
    agreement=m.Rate(numerator=9, denominator=10, value=0.9, low=0.596, high=0.982),
    n_indexed_by_both=6,
    n_indexed_by_neither=3,
    n_indexed_by_own=1,
    n_indexed_by_reference=0,
    n_strong=m.Difference(n=10, median=0.0, low=-1.0, high=2.0),
    cell_percent=m.Difference(n=6, median=0.03, low=-0.1, high=0.12),
    d_min_angstrom=m.Difference(n=0),
)


def rates(job: m.JobId, revision: int, agreement: m.Agreement | None) -> m.RatesUpdated:
    (found,) = (message for message in EXAMPLES if isinstance(message, m.RatesUpdated))
    return msgspec.structs.replace(found, job=job, revision=revision, agreement=agreement)


def stored(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in AGREEMENT_COLUMNS}


EXPECTED = {
    "agreement_rate": 0.9, "agreement_rate_low": 0.596, "agreement_rate_high": 0.982,
    "n_indexed_by_both": 6, "n_indexed_by_neither": 3, "n_indexed_by_own": 1,
    "n_indexed_by_reference": 0,
    "n_strong_difference_n": 10, "n_strong_difference": 0.0, "n_strong_difference_low": -1.0,
    "n_strong_difference_high": 2.0,
    "cell_percent_difference_n": 6, "cell_percent_difference": 0.03,
    "cell_percent_difference_low": -0.1, "cell_percent_difference_high": 0.12,
    "d_min_angstrom_difference_n": 0, "d_min_angstrom_difference": None,
    "d_min_angstrom_difference_low": None, "d_min_angstrom_difference_high": None,
}  # fmt: skip


async def test_the_newest_agreement_is_stored_whole(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    job = await add_job(editor)
    said = [rates(job, 1, None), rates(job, 3, AGREEMENT), rates(job, 2, None)]
    await Harness(writer, said[:1]).drain()
    (row,) = await table(writer, "rates")
    assert stored(row) == dict.fromkeys(AGREEMENT_COLUMNS)
    await Harness(writer, said).drain()
    (row,) = await table(writer, "rates")
    assert stored(row) == EXPECTED


async def test_down_and_up_keeps_the_bar_and_the_next_rates_bring_the_agreement(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    job = await add_job(editor)
    log = [rates(job, 3, AGREEMENT)]
    await Harness(writer, log).drain()
    before = await everything(writer)
    database.alembic("downgrade", "0005")
    async with writer.connect() as connection:
        old = (await connection.execute(sa.text("SELECT * FROM rates"))).mappings().one()
    assert "agreement_rate" not in old
    assert old["n_hits"] == before["rates"][0]["n_hits"] > 0
    database.alembic("upgrade", "head")
    (bare,) = await table(writer, "rates")
    assert stored(bare) == dict.fromkeys(AGREEMENT_COLUMNS)
    async with writer.begin() as connection:
        await connection.execute(sa.text("UPDATE sink_offset SET next_offset = 0"))
    await Harness(writer, log).drain()
    assert await everything(writer) == before


async def test_the_reader_may_see_it(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    await Harness(writer, [rates(await add_job(editor), 1, AGREEMENT)]).drain()
    reader = open_engine(database.url("reader"))
    try:
        (row,) = await table(reader, "rates")
    finally:
        await reader.dispose()
    assert stored(row) == EXPECTED
