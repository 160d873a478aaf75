"""What the pages get: everything once, then what changed, from database and tail together."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from libs.crystallography.resolution import shell_edges
from libs.messages import Cutoffs, JobState, Outcome, RunEnded, StagesUs
from libs.streams import Record
from libs.streams.fakes import record_of
from services.live_view.catalogue import CatalogueAwayError
from services.live_view.service import LiveView
from tests.contracts.hostile_wire import hostile_payloads
from tests.crystallography.rates.builders import (
    RUN,
    START_US,
    batch,
    lattice,
    result,
    shells,
)
from tests.live_view.builders import Answer, Clock, MemoryCatalogue, live_view, shown_job
from tests.stats_aggregator.builders import job


class Stage:
    """A LiveView with one job of two stored frames."""

    def __init__(self, *, most_jobs: int = 4) -> None:
        self.catalogue, self.clock = MemoryCatalogue(shown_job()), Clock()
        self.catalogue.put(batch([result(1), result(2)]))
        self.view: LiveView = live_view(self.catalogue, self.clock, most_jobs=most_jobs)
        self.offset = 1

    async def look(self) -> float:
        return await self.view.look_at_database()

    def tail(self, *frames: int, attempt: int = 1, **fields: object) -> None:
        message = batch([result(f, **fields) for f in frames], attempt)
        self.view.take_frames([record_of(message, offset=self.offset)])
        self.offset += 1

    async def answer(self, since: int = 0) -> Answer:
        return Answer(await self.view.frames(shown_job(), since))


async def test_a_page_gets_everything_and_then_what_changed() -> None:
    stage = Stage()
    await stage.look()
    first = await stage.answer()
    stage.tail(3)
    second = await stage.answer(first.revision)
    third = await stage.answer(second.revision)
    assert (first.magic, first.version) == (0x53544C53, 1)
    assert (first.full, first.frames, first.total) == (True, [1.0, 2.0], 2)
    assert (second.full, second.frames, second.total) == (False, [3.0], 3)
    assert (third.full, third.n) == (False, 0)
    assert first.revision < second.revision == third.revision


async def test_columns_are_those_of_the_results() -> None:
    stage = Stage()
    await stage.look()
    stage.tail(9, n_strong=77, solvent_ratio=1.25, n_lattices=2, d_min_contiguous=2.5)
    stage.tail(10, outcome=Outcome.UNREADABLE)
    stage.tail(11, outcome=Outcome.SCREENED, ts_us=START_US + 1_500_000)
    columns = (await stage.answer()).columns
    assert columns["n_strong"].tolist()[2:] == [77, 0, 0]
    assert columns["n_lattices"].tolist()[2:] == [2, 0, 0]
    assert columns["flags"].tolist()[2:] == [7, 0, 1]
    assert columns["t"].tolist()[4] == 1.5
    assert columns["solvent_ratio"].tolist()[2] == 1.25
    assert columns["d_min_contiguous"].tolist()[2] == 2.5


async def test_database_and_tail_may_overlap() -> None:
    stage = Stage()
    await stage.look()
    stage.tail(2, 3)
    stage.catalogue.put(batch([result(2), result(3)]))
    await stage.view.load(shown_job())
    assert (await stage.answer()).frames == [1.0, 2.0, 3.0]


async def test_results_between_database_and_tail_are_waited_for() -> None:
    """The job is first asked for after the tail went past what the sink has stored."""
    stage = Stage()
    stage.catalogue.listed = []
    await stage.look()
    stage.tail(3)
    stage.catalogue.listed = [shown_job()]
    await stage.look()
    assert stage.view.showcase.missing()
    stage.catalogue.put(batch([result(3)]))
    await stage.look()
    assert not stage.view.showcase.missing()
    assert (await stage.answer()).frames == [1.0, 2.0, 3.0]


async def test_a_restarted_service_answers_old_revisions_with_everything() -> None:
    old = Stage()
    await old.look()
    old.tail(3)
    revision = (await old.answer()).revision
    new = Stage()
    new.clock.now_s += 60
    await new.look()
    answer = await new.answer(revision)
    assert answer.full
    assert answer.revision > revision


async def test_a_new_attempt_replaces_what_is_shown() -> None:
    stage = Stage()
    await stage.look()
    before = await stage.answer()
    stage.view.take_facts([record_of(job(attempt=2))])
    emptied = await stage.answer(before.revision)
    stage.tail(2, attempt=2)
    after = await stage.answer(emptied.revision)
    assert (emptied.full, emptied.n) == (True, 0)
    assert (after.frames, after.total) == ([2.0], 1)


async def test_facts_are_newer_than_the_database() -> None:
    stage = Stage()
    await stage.look()
    stage.view.take_facts(
        [
            record_of(job(state=JobState.STOPPED)),
            record_of(RunEnded(run=RUN, n_frames=3, reason="", announced_us=START_US)),
        ]
    )
    (shown,) = stage.view.showcase.jobs()
    assert (shown.state, shown.open) == (JobState.STOPPED, False)


async def test_memory_is_bounded_and_the_newest_stay() -> None:
    stage = Stage(most_jobs=4)
    stage.catalogue.listed = [shown_job(id=i, job=f"job/{i}") for i in range(10)]
    await stage.look()
    for i in range(10):
        await stage.view.frames(shown_job(id=i, job=f"job/{i}"), 0)
    assert stage.view.showcase.n_held == 4
    assert not stage.view.showcase.missing()


async def test_without_database_what_is_held_goes_on_and_the_rest_says_so() -> None:
    stage = Stage()
    await stage.look()
    stage.catalogue.is_away = True
    stage.tail(3)
    assert (await stage.answer()).frames == [1.0, 2.0, 3.0]
    with pytest.raises(CatalogueAwayError):
        await stage.view.frames(shown_job(id=9, job="other/job"), 0)
    assert stage.view.showcase.held("other/job") is None


async def test_pages_hear_of_changes_at_most_five_times_a_second() -> None:
    stage = Stage()
    await stage.look()
    stage.clock.now_s += 1
    stage.view.take_frames([])
    heard = []
    with stage.view.events.subscription() as page:
        for frame in range(10, 50):
            stage.clock.now_s += 0.05
            stage.tail(frame)
            heard += [lines for lines in [await page.next(0.005)] if lines is not None]
    assert 8 <= len(heard) <= 11
    assert heard[0].startswith(b'event: frames\ndata: {"id":7,"revision":')


async def test_hostile_payloads_are_passed_over() -> None:
    stage = Stage()
    await stage.look()
    for good in (batch([result(1)]), job()):
        where = record_of(good)
        records = [
            Record(topic=where.topic, partition=0, offset=stage.offset, key=b"\xff", value=value)
            for value in hostile_payloads(good).values()
        ]
        stage.view.take_frames(records)
        stage.view.take_facts(records)
    stage.tail(2**60, ts_us=START_US)
    stage.tail(3)
    assert (await stage.answer()).frames == [1.0, 2.0, 3.0]


async def test_result_to_page_is_measured_once() -> None:
    def n_measured() -> float:
        return REGISTRY.get_sample_value("stillstream_result_to_page_seconds_count") or 0.0

    stage = Stage()
    await stage.look()
    before = n_measured()
    first = await stage.answer()
    stage.tail(3, 4, stages_us=StagesUs(done=stage.clock.now_us() - 100_000))
    await asyncio.gather(stage.answer(first.revision), stage.answer(first.revision))
    assert n_measured() - before == 2


async def test_a_page_that_opens_late_is_no_latency() -> None:
    stage = Stage()
    await stage.look()
    stage.tail(3, stages_us=StagesUs(done=stage.clock.now_us() - 600_000_000))
    name = "stillstream_result_to_page_seconds_sum"
    before = REGISTRY.get_sample_value(name)
    await stage.answer()
    assert REGISTRY.get_sample_value(name) == before


async def test_resolutions_at_another_cutoff_come_out_of_the_shell_tables() -> None:
    stage = Stage()
    table = shells([9, 8, 7, 6, 5, 4, 3, 2, 1.5, 1.2])
    stored = [result(n, lattices=(lattice(table),), d_min_contiguous=2.0) for n in (1, 2)]
    stage.catalogue.put(batch(stored, attempt=2))
    await stage.look()
    recorded = await stage.answer()
    assert recorded.columns["d_min_contiguous"].tolist() == [2.0, 2.0]
    assert stage.catalogue.n_tables == 0
    for _ in range(2):
        stricter = Answer(await stage.view.frames(shown_job(), 0, 3.5))
        expected = shell_edges(2.0)[5]
        assert stricter.columns["d_min_contiguous"] == pytest.approx([expected] * 2, rel=1e-6)
    assert stage.catalogue.n_tables == 1
    stage.tail(3, attempt=2, lattices=(lattice(table),), d_min_contiguous=2.0)
    news = Answer(await stage.view.frames(shown_job(), stricter.revision, 3.5))
    assert news.frames == [3.0]
    assert news.columns["d_min_contiguous"] == pytest.approx([expected], rel=1e-6)


async def test_a_job_with_a_cutoff_of_its_own_is_shown_at_it() -> None:
    stage = Stage()
    table = shells([9, 8, 7, 6, 5, 4, 3, 2, 1.5, 1.2])
    stage.catalogue.listed = [shown_job(cutoffs=Cutoffs(i_sigi=1.4))]
    stage.catalogue.put(batch([result(1, lattices=(lattice(table),), d_min_contiguous=2.0)], 2))
    await stage.look()
    answer = Answer(await stage.view.frames(stage.catalogue.listed[0], 0))
    assert answer.columns["d_min_contiguous"] == pytest.approx([shell_edges(2.0)[8]], rel=1e-6)
