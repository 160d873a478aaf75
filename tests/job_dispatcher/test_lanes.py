"""The lane of a job: what was asked for where it can be done, else `dials` with the reason."""

import asyncio
import time
from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.catalogue.trial_settings import LaneChoice
from libs.diffraction import DiffractionError, RecipeError
from libs.diffraction.lane_choice import LaneAnswer
from libs.messages import Lane, Recipe
from libs.messages.topics import WORK_LIVE, WORK_LIVE_DIALS
from services.job_dispatcher.lanes import Lanes
from tests.catalogue.builders import GROUP, TRIAL, add_trial, arrived, started
from tests.job_dispatcher.harness import Harness, all_fast

REASON = "the fast lane cannot honour: indexing.method_list"
ASKED = Recipe(phil="a = 1", d_min_angstrom=2.0, lane=Lane.FAST)


def to_dials(recipe: Recipe) -> LaneAnswer:
    return LaneAnswer(lane=Lane.DIALS, lane_reason=REASON)


async def answer(lanes: Lanes, recipe: Recipe) -> Recipe:
    """Ask again until the reading, in a thread, is done."""
    deadline = time.monotonic() + 240
    while (found := lanes.of(recipe)) is None:
        assert time.monotonic() < deadline, "no answer came in time"
        await asyncio.sleep(0.001)
    return found


async def until(here: Harness, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await here.step()


async def test_a_recipe_is_read_once_and_keeps_its_own_cutoffs() -> None:
    asked: list[Recipe] = []

    def choose(recipe: Recipe) -> LaneAnswer:
        asked.append(recipe)
        return to_dials(recipe)

    lanes = Lanes(choose)
    assert lanes.of(ASKED) is None
    assert (await answer(lanes, ASKED)).lane is Lane.DIALS
    other = msgspec.structs.replace(ASKED, timeout_cpu_s=5.0)
    assert (await answer(lanes, other)).timeout_cpu_s == 5.0
    assert len(asked) == 1


async def test_other_lanes_are_not_asked_about() -> None:
    recipe = msgspec.structs.replace(ASKED, lane=Lane.DIALS)
    assert Lanes(lambda recipe: pytest.fail("nobody should read it")).of(recipe) is recipe


@pytest.mark.parametrize(
    ("error", "times"), [(RecipeError("line 1"), 1), (DiffractionError(""), 2)]
)
async def test_only_a_failure_of_the_reading_is_tried_again(error: Exception, times: int) -> None:
    asked: list[Recipe] = []

    def choose(recipe: Recipe) -> LaneAnswer:
        asked.append(recipe)
        raise error

    lanes = Lanes(choose)
    for _ in range(2):
        with pytest.raises(type(error)):
            await answer(lanes, ASKED)
    assert len(asked) == times


@pytest.mark.system
@pytest.mark.parametrize("asked", [LaneChoice.AUTOMATIC, LaneChoice.FAST])
async def test_what_the_fast_lane_cannot_do_runs_in_the_dials_lane(
    editor: AsyncEngine, asked: LaneChoice
) -> None:
    await add_trial(editor, trial=msgspec.structs.replace(TRIAL, lane=asked))
    here = Harness(editor, [started(), arrived(0)], choose=to_dials)
    await until(here, lambda: bool(here.chunks()))
    (change,) = here.changes()
    assert (change.recipe.lane, change.recipe.lane_reason) == (Lane.DIALS, REASON)
    assert {c.recipe.lane for c in here.chunks(WORK_LIVE_DIALS)} == {Lane.DIALS}
    assert here.chunks(WORK_LIVE) == []


@pytest.mark.system
async def test_a_known_cell_runs_in_the_fast_lane(editor: AsyncEngine) -> None:
    await add_trial(editor, trial=msgspec.structs.replace(TRIAL, lane=LaneChoice.AUTOMATIC))
    here = Harness(editor, [started(), arrived(0)], choose=all_fast)
    await until(here, lambda: bool(here.chunks()))
    assert here.changes()[0].recipe.lane is Lane.FAST
    assert {c.recipe.lane for c in here.chunks(WORK_LIVE)} == {Lane.FAST}
    assert here.chunks(WORK_LIVE_DIALS) == []


@pytest.mark.system
async def test_of_two_trials_the_fast_one_is_sent_out_first(editor: AsyncEngine) -> None:
    await add_trial(editor)
    other = msgspec.structs.replace(TRIAL, name="second", lane=LaneChoice.FAST)
    await add_trial(editor, other, msgspec.structs.replace(GROUP, name="the same jets"))
    here = Harness(editor, [started(), arrived(0)], choose=all_fast)
    await until(here, lambda: bool(here.chunks(WORK_LIVE) and here.chunks(WORK_LIVE_DIALS)))
    before = len(here.chunks())
    await here.step(arrived(1))
    lanes = [chunk.recipe.lane for chunk in here.chunks()[before:]]
    assert lanes == [Lane.FAST] * 3 + [Lane.DIALS] * 3
