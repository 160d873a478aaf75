"""Rows in a real database: what only its upserts, locks and transactions can show."""

import dataclasses
import random
from collections.abc import Sequence

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs import messages as m
from libs.catalogue import (
    delete_job,
    find_job,
    in_transaction,
    job_columns,
    list_runs,
    open_engine,
    stored_frame,
    stored_frames,
    stored_offsets,
)
from libs.catalogue.jobs import restart_job
from libs.streams.fakes import record_of, records_of
from services.database_sink.offsets import FencedError
from tests.catalogue.builders import NOW, RUN, add_job, arrived, batch, result, started
from tests.contracts.hostile_wire import hostile_payloads
from tests.database_server import DatabaseServer
from tests.database_sink.harness import FILLED, Harness, everything, table
from tests.messages.examples import EXAMPLES

pytestmark = pytest.mark.system


def example(kind: type[m.Message], **changes: object) -> m.Message:
    """The example of this kind, changed."""
    (found,) = (message for message in EXAMPLES if type(message) is kind)
    return msgspec.structs.replace(found, **changes)


def results(job: m.JobId, seed: int, *, n: int = 60) -> list[m.FramesProcessed]:
    """Batches of results of 20 frames: several results for each, of three attempts."""
    rng = random.Random(seed)
    return [
        batch(
            job,
            [result(rng.randrange(20), rng) for _ in range(rng.randrange(1, 5))],
            attempt=rng.choice([1, 1, 2, 3]),
            worker=f"w{rng.randrange(3)}",
        )
        for _ in range(n)
    ]


async def test_one_result_comes_back_whole(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    said = result(3, random.Random(5), n_lattices=2)
    await Harness(writer, [batch(name, [said])]).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))
    found = await in_transaction(editor, lambda c: stored_frame(c, job, 3, m.Lane.DIALS))
    assert found is not None
    times = msgspec.structs.replace(found.result.timings_ms, read=said.timings_ms.read)
    assert msgspec.structs.replace(found.result, timings_ms=times) == said
    assert found.versions == {"dials": "3.12.1"}
    assert found.file == "/data/r13/0.h5"
    assert found.precedence == m.precedence(1, said)


async def test_any_order_any_repetition_any_batches_same_rows(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    said = results(name, seed=1)
    await Harness(writer, said).drain()
    expected = await everything(writer)
    assert len(expected["frame"]) == 20
    for seed in range(3):
        database.clear(*FILLED)
        rng = random.Random(seed)
        mixed = [*said, *rng.sample(said, 20)]
        rng.shuffle(mixed)
        await Harness(writer, mixed, batch_records=rng.choice([1, 3, 500])).drain()
        assert await everything(writer) == expected


async def test_lattices_are_those_of_the_result_that_counts(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    rng = random.Random(2)
    many, few = result(1, rng, n_lattices=3), result(1, rng, n_lattices=1)
    second, first = batch(name, [few], attempt=2), batch(name, [many], attempt=1)
    for order in ([first, second], [second, first]):
        database.clear(*FILLED)
        await Harness(writer, order, batch_records=1).drain()
        (frame,) = await table(writer, "frame")
        (lattice,) = await table(writer, "lattice")
        assert frame["precedence"] == lattice["precedence"] == m.precedence(2, few)


async def test_reading_again_from_the_beginning_changes_nothing(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    log = records_of(results(name, seed=3))
    await Harness(writer, log).drain()
    expected = await everything(writer)
    async with writer.begin() as connection:
        await connection.execute(sa.text("UPDATE sink_offset SET next_offset = 0"))
    await Harness(writer, log).drain()
    assert await everything(writer) == expected


class KilledError(Exception):
    """The process is gone."""


async def test_killed_before_and_after_the_commit(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    log = records_of(results(name, seed=4))
    await Harness(writer, log).drain()
    expected = await everything(writer)
    database.clear(*FILLED)
    for moment in ("before", "after"):
        harness = Harness(writer, log, batch_records=20)
        await harness.sink.step()
        with pytest.raises(KilledError):
            await _step_and_die(harness, writer, moment)
    await Harness(writer, log, batch_records=20).drain()
    assert await everything(writer) == expected


async def _step_and_die(harness: Harness, engine: AsyncEngine, moment: str) -> None:
    def die(connection: object) -> None:
        raise KilledError

    if moment == "after":

        async def die_committing(positions: object) -> None:
            raise KilledError

        harness.source.commit = die_committing  # type: ignore[method-assign]
        await harness.sink.step()
    sa.event.listen(engine.sync_engine, "commit", die)
    try:
        await harness.sink.step()
    finally:
        sa.event.remove(engine.sync_engine, "commit", die)


async def test_offsets_are_stored_with_the_rows(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    await Harness(writer, results(name, seed=5, n=7)).drain()
    offsets = await in_transaction(writer, lambda c: stored_offsets(c, "database_sink"))
    assert offsets == {("stillstream.frames.v1", 0): 7}


async def test_a_replaced_sink_writes_nothing(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    log = records_of(results(name, seed=6))
    old = Harness(writer, log, batch_records=5)
    await old.sink.step()
    await Harness(writer, log, batch_records=5).sink.step()
    before = await everything(writer)
    with pytest.raises(FencedError, match="claimed by another"):
        await old.sink.step()
    assert await everything(writer) == before


async def test_a_topic_made_anew_is_read_from_its_beginning(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    await Harness(writer, results(name, seed=7, n=50)).drain()
    await Harness(writer, [batch(name, [result(999, random.Random(1))])]).drain()
    assert 999 in {row["frame"] for row in await table(writer, "frame")}


async def test_results_of_deleted_and_unknown_jobs_are_not_written(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    await Harness(writer, results(name, seed=8)).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))
    deleted = await delete_job(editor, job.id, now_us=NOW, slice_rows=7)
    assert deleted >= 20
    log = [*results(name, seed=8), *results(m.job_id(RUN, 9, 9), seed=8)]
    database.clear(*FILLED)
    await Harness(writer, log).drain()
    assert await table(writer, "frame") == []
    assert await table(writer, "lattice") == []


async def test_a_restarted_job_shows_only_its_new_attempt(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    rng = random.Random(9)
    first = [batch(name, [result(f, rng)]) for f in range(10)]
    again = [batch(name, [result(f, rng)], attempt=2) for f in range(4)]
    await Harness(writer, [*first, *again]).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))
    await in_transaction(editor, lambda c: restart_job(c, job.id, now_us=NOW))
    job = await in_transaction(editor, lambda c: find_job(c, name))
    stored = await in_transaction(editor, lambda c: stored_frames(c, job))
    assert [s.result.frame for s in stored] == [0, 1, 2, 3]


async def test_columns_equal_the_results(editor: AsyncEngine, writer: AsyncEngine) -> None:
    name = await add_job(editor)
    rng = random.Random(10)
    said = [result(f, rng) for f in range(50)]
    await Harness(writer, [batch(name, said[i : i + 5]) for i in range(0, 50, 5)]).drain()
    job = await in_transaction(editor, lambda c: find_job(c, name))

    async def load(connection: AsyncConnection) -> object:
        return await job_columns(connection, job.id, attempt=1, lane=m.Lane.DIALS)

    columns = await in_transaction(editor, load)
    outcomes = tuple(m.Outcome)
    assert columns.frame.tolist() == list(range(50))
    assert columns.solvent_ratio.tolist() == [r.solvent_ratio for r in said]  # to the last bit
    assert columns.n_strong.tolist() == [r.n_strong for r in said]
    assert columns.n_lattices.tolist() == [len(r.lattices) for r in said]
    assert [outcomes[i] for i in columns.outcome] == [r.outcome for r in said]
    assert columns.precedence.tolist() == [m.precedence(1, r) for r in said]


async def test_a_poisoned_message_costs_itself_only(
    editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    good = results(name, seed=11)
    log = records_of(good)
    spoiled = hostile_payloads(good[5])
    for place, payload in enumerate(spoiled.values()):
        log.append(dataclasses.replace(log[5], offset=len(good) + place, value=payload))
    log.append(dataclasses.replace(record_of(good[0]), offset=len(log)))
    harness = Harness(writer, log)
    await harness.drain()
    assert len(harness.letters.published) == len(spoiled)
    assert len(await table(writer, "frame")) == 20


async def test_a_value_that_only_the_server_refuses_costs_its_message(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    owner = open_engine(database.url("owner"))
    async with owner.begin() as connection:
        rule = "ALTER TABLE rates ADD CONSTRAINT unlucky CHECK (n_announced <> 13)"
        await connection.execute(sa.text(rule))
    await owner.dispose()
    name = await add_job(editor)
    good = results(name, seed=12, n=9)
    bad = example(m.RatesUpdated, job=name, n_announced=13)
    harness = Harness(writer, [*good[:4], bad, *good[4:]])
    await harness.drain()
    (letter,) = harness.letters.published
    assert isinstance(letter, m.MessageRejected)
    assert "unlucky" in letter.reason
    kept = {row["frame"] for row in await table(writer, "frame")}
    assert kept == {frame.frame for sent in good for frame in sent.frames}


async def test_runs_grow_and_end(editor: AsyncEngine, writer: AsyncEngine) -> None:
    ended = m.RunEnded(run=RUN, n_frames=30, reason="status file", announced_us=NOW + 99)
    log = [started(), arrived(0), arrived(1), arrived(1), arrived(2), ended]
    await Harness(writer, log).drain()
    (run,) = await in_transaction(editor, list_runs)
    assert (run.n_announced, run.n_frames, run.ended_us) == (30, 30, NOW + 99)


async def test_the_newest_rates_stay(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    base = example(m.RatesUpdated, job=name, attempt=1)
    said = [
        msgspec.structs.replace(base, attempt=attempt, revision=revision, n_announced=n)
        for n, (attempt, revision) in enumerate([(1, 5), (2, 1), (1, 9), (2, 3), (2, 2)])
    ]
    for seed in range(4):
        mixed = random.Random(seed).sample(said, len(said))
        await Harness(writer, mixed, batch_records=seed + 1).drain()
        (row,) = await table(writer, "rates")
        assert (row["attempt"], row["revision"], row["n_announced"]) == (2, 3, 3)
        database.clear("rates", "sink_offset")


async def test_advice_is_raised_and_cleared_in_any_order(
    database: DatabaseServer, editor: AsyncEngine, writer: AsyncEngine
) -> None:
    name = await add_job(editor)
    raised = example(m.AdviceRaised, job=name, cause="no jet", since_us=1)
    cleared = m.AdviceCleared(job=name, cause="no jet", since_us=1, cleared_us=NOW)
    rows: list[Sequence[object]] = []
    for order in ([raised, cleared], [cleared, raised]):
        await Harness(writer, order, batch_records=1).drain()
        rows.append(await table(writer, "advice"))
        database.clear("advice", "sink_offset")
    assert rows[0] == rows[1]
    (row,) = rows[0]
    assert row["cleared_us"] == NOW
    assert row["raised_us"] == raised.raised_us
