"""Who does which work, and when there is room for more."""

import pytest

from libs.messages import Lane
from libs.messages.topics import (
    WORK_BATCH,
    WORK_LIVE,
    WORK_LIVE_DIALS,
    WORK_REFERENCE,
    Topic,
    live_work_of,
)
from services.frame_processor.routes import ROUTES, Pool, has_room, pool_of

ROUTE = {route.topic: route for route in ROUTES}
SIZES: dict[Pool, int] = {"fast": 2, "slow": 3, "reference": 1}


@pytest.mark.parametrize(
    ("topic", "lane", "pool"),
    [
        (WORK_LIVE, Lane.FAST, "fast"),
        (WORK_LIVE, Lane.DIALS, "slow"),
        (WORK_LIVE_DIALS, Lane.DIALS, "slow"),
        (WORK_BATCH, Lane.FAST, "slow"),
        (WORK_BATCH, Lane.DIALS, "slow"),
        (WORK_REFERENCE, Lane.DIALS, "reference"),
    ],
)
def test_only_live_work_of_the_fast_lane_goes_to_the_fast_workers(
    topic: Topic, lane: Lane, pool: Pool
) -> None:
    assert pool_of(ROUTE[topic], lane) == pool


def test_live_work_goes_where_its_lane_is_done() -> None:
    assert live_work_of(Lane.FAST) is WORK_LIVE
    assert live_work_of(Lane.DIALS) is WORK_LIVE_DIALS


@pytest.mark.parametrize(
    ("topic", "waiting", "expected"),
    [
        (WORK_LIVE, {WORK_LIVE: 7, WORK_LIVE_DIALS: 99, WORK_BATCH: 99}, True),
        (WORK_LIVE, {WORK_LIVE: 8}, False),
        (WORK_LIVE_DIALS, {WORK_LIVE: 99, WORK_LIVE_DIALS: 5, WORK_BATCH: 99}, True),
        (WORK_LIVE_DIALS, {WORK_LIVE_DIALS: 6}, False),
        (WORK_BATCH, {WORK_LIVE_DIALS: 3, WORK_BATCH: 2}, True),
        (WORK_BATCH, {WORK_LIVE_DIALS: 3, WORK_BATCH: 3}, False),
        (WORK_BATCH, {WORK_LIVE: 1}, True),
        (WORK_BATCH, {WORK_LIVE: 2}, False),
        (WORK_REFERENCE, {WORK_LIVE: 99, WORK_REFERENCE: 1}, True),
        (WORK_REFERENCE, {WORK_REFERENCE: 2}, False),
    ],
)
def test_room_is_taken_by_what_is_at_least_as_urgent(
    topic: Topic, waiting: dict[Topic, int], expected: bool
) -> None:
    names = {waits.name: frames for waits, frames in waiting.items()}
    assert has_room(ROUTE[topic], names, SIZES) is expected
