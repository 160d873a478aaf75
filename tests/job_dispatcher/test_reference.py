"""The reference sample: which frames, and that it goes its own way."""

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs import messages as m
from libs.catalogue.trial_settings import LaneChoice
from libs.messages.topics import WORK_REFERENCE
from services.job_dispatcher.core import chunks_of
from services.job_dispatcher.reference import reference_work
from tests.catalogue.builders import TRIAL, add_trial, arrived, started
from tests.job_dispatcher.harness import Harness
from tests.job_dispatcher.test_core import WORK
from tests.job_dispatcher.test_lanes import until

FAST = msgspec.structs.replace(WORK, recipe=msgspec.structs.replace(WORK.recipe, lane=m.Lane.FAST))


def chunks(count: int, work: object = FAST) -> list[m.FramesToProcess]:
    return chunks_of(arrived(0, count), work, chunk_frames=4, dispatched_us=1)


def frames(work: list[m.FramesToProcess]) -> set[int]:
    return {span.first_frame for chunk in work for span in chunk.spans}


def test_a_share_of_the_frames_goes_through_the_dials_lane_too() -> None:
    own = chunks(20_000)
    sample = reference_work(own, 0.01)
    assert 150 < len(frames(sample)) < 250
    assert {c.recipe.lane for c in sample} == {m.Lane.DIALS}
    places = {(s.first_frame + i, s.first_index + i) for c in own for s in c.spans
              for i in range(s.count)}  # fmt: skip
    assert {(s.first_frame, s.first_index) for c in sample for s in c.spans} <= places


def test_a_larger_sample_holds_the_smaller_one() -> None:
    assert frames(reference_work(chunks(2000), 0.01)) < frames(reference_work(chunks(2000), 0.05))


def test_it_does_not_depend_on_which_frames_are_indexed() -> None:
    sample = frames(reference_work(chunks(20_000), 0.05))
    run = WORK.started.run
    indexed = [f for f in sample if m.selected_for_indexing(run, m.FrameNumber(f), 0.5)]
    assert 0.4 < len(indexed) / len(sample) < 0.6


def test_other_lanes_have_none() -> None:
    assert reference_work(chunks(100, WORK), 1.0) == []


@pytest.mark.system
async def test_the_dispatcher_sends_it_to_its_own_topic(editor: AsyncEngine) -> None:
    await add_trial(editor, trial=msgspec.structs.replace(TRIAL, lane=LaneChoice.FAST))
    here = Harness(editor, [started(), arrived(0)], reference_fraction=1.0)
    await until(here, lambda: bool(here.chunks()))
    assert here.live() == here.frames(WORK_REFERENCE) == list(range(10))
    assert {c.recipe.lane for c in here.chunks(WORK_REFERENCE)} == {m.Lane.DIALS}
    assert [c.recipe.lane for c in here.changes()] == [m.Lane.FAST]
