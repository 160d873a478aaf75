"""From time stamps of results to looks: live work of known attempts only, bad bytes ignored."""

import dataclasses
import time

import msgspec
import pytest

from libs import messages as m
from libs.streams.fakes import FakeSource, record_of
from services.job_dispatcher.core import Work
from services.job_dispatcher.live_sampling import LiveSampling
from services.job_dispatcher.sampling import Sampler, SamplingRules
from tests.catalogue.builders import NOW, RUN, batch, started
from tests.contracts.hostile_wire import hostile_payloads

JOB = m.job_id(RUN, 1, 1)
S = 1_000_000
WORK = Work(
    job=JOB,
    attempt=1,
    recipe=m.Recipe(phil="", d_min_angstrom=2.0),
    started=started(),
    live_from_us=NOW,
)


def sampler() -> Sampler:
    return Sampler(rules=SamplingRules())


def finished(waited_s: float, *, sent_s: float, announced_us: int = NOW) -> m.FramesProcessed:
    sent_us = NOW + int(sent_s * S)
    taken_us = sent_us + int(waited_s * S)
    stages = m.StagesUs(announced=announced_us, dispatched=sent_us, taken=taken_us, done=taken_us)
    frame = m.FrameResult(
        frame=m.FrameNumber(int(sent_s * 100)),
        index_in_file=0,
        ts_us=NOW,
        ts_source=m.TimestampSource.FRAME,
        outcome=m.Outcome.PROCESSED,
        stages_us=stages,
    )
    return batch(JOB, [frame])


def finished_late(job: m.JobId, number: int, *, waited_s: float) -> m.FramesProcessed:
    """A result of work that is sent out now, by the wall clock, and had waited."""
    now_s = time.time() - NOW / S
    late = finished(waited_s, sent_s=now_s, announced_us=NOW + number)
    return msgspec.structs.replace(late, job=job, run=m.RunId(job.rsplit("/", 2)[0]))


async def after(results: list[m.FramesProcessed], *works: Work) -> LiveSampling:
    source = FakeSource()
    it = LiveSampling(source, sampler)
    for work in works:
        it.expect(work)
    for second, result in enumerate(results):
        source.feed([record_of(result, offset=second)])
        await it.step(NOW + second * S)
    return it


async def fraction_after(results: list[m.FramesProcessed], *, expected: bool = True) -> float:
    it = await after(results, *([WORK] if expected else []))
    return it.fraction_of(m.Lane.DIALS)


def late(**changes: int) -> list[m.FramesProcessed]:
    return [finished(1.2 + 0.2 * i, sent_s=0.8 * i, **changes) for i in range(6)]


async def test_late_live_work_is_seen() -> None:
    assert await fraction_after(late()) < 1.0


@pytest.mark.parametrize("lane", [m.Lane.FAST, m.Lane.DIALS])
async def test_late_work_of_one_lane_is_no_reason_to_sample_the_other(lane: m.Lane) -> None:
    recipe = msgspec.structs.replace(WORK.recipe, lane=lane)
    work = msgspec.structs.replace(WORK, recipe=recipe)
    it = await after([msgspec.structs.replace(b, lane=lane) for b in late()], work)
    assert it.fraction_of(lane) < 1.0
    assert {it.fraction_of(other) for other in m.Lane if other is not lane} == {1.0}


async def test_the_reference_sample_may_wait() -> None:
    recipe = msgspec.structs.replace(WORK.recipe, lane=m.Lane.FAST)
    it = await after(late(), msgspec.structs.replace(WORK, recipe=recipe))
    assert {it.fraction_of(lane) for lane in m.Lane} == {1.0}


async def test_batch_work_may_wait_as_long_as_it_likes() -> None:
    assert await fraction_after(late(announced_us=NOW - 1)) == 1.0


async def test_what_is_indexed_later_may_wait_too() -> None:
    source = FakeSource()
    it = LiveSampling(source, sampler)
    it.expect(WORK)
    for second, result in enumerate(late()):
        it.can_wait(result.frames[0].stages_us.dispatched or 0)
        source.feed([record_of(result, offset=second)])
        await it.step(NOW + second * S)
    assert it.fraction_of(m.Lane.DIALS) == 1.0


async def test_work_from_before_this_process_says_nothing() -> None:
    source = FakeSource()
    it = LiveSampling(source, sampler)
    it.expect(WORK)
    for second, result in enumerate(late()):
        source.feed([record_of(result, offset=second)])
        await it.step(NOW + (100 + second) * S)
    assert it.fraction_of(m.Lane.DIALS) == 1.0


async def test_results_of_jobs_that_were_not_sent_from_here_say_nothing() -> None:
    assert await fraction_after(late(), expected=False) == 1.0


async def test_results_of_other_systems_have_no_stages() -> None:
    plain = [
        msgspec.structs.replace(
            b, frames=tuple(msgspec.structs.replace(f, stages_us=m.StagesUs()) for f in b.frames)
        )
        for b in late()
    ]
    assert await fraction_after(plain) == 1.0


async def test_hostile_messages_are_somebody_elses() -> None:
    source = FakeSource()
    it = LiveSampling(source, sampler)
    it.expect(WORK)
    good = record_of(finished(0.1, sent_s=0.0))
    bad = hostile_payloads(finished(0.1, sent_s=0.0)).values()
    source.feed(dataclasses.replace(good, value=payload) for payload in (*bad, None))
    await it.step(NOW)
    assert it.fraction_of(m.Lane.DIALS) == 1.0
