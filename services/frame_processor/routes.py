"""Which work goes to which workers, and what goes first. Pure.

A frame of the fast lane takes 50 ms, one of the `dials` lane 5 s, and a frame that has begun cannot
be interrupted. So live work of the fast lane has a topic and workers of its own, and never stands
behind anything slower than itself. All other work shares the slow workers, live work first; the
kernel gives them what the fast ones leave, and a quarter of the processor at least.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from libs.messages import Lane
from libs.messages.topics import WORK_BATCH, WORK_LIVE, WORK_LIVE_DIALS, WORK_REFERENCE, Topic

Pool = Literal["fast", "slow", "reference"]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One topic of work: its usual pool and its rank there.

    It has room for `ahead` frames for each worker; the frames of all topics in `fills` count.
    """

    topic: Topic
    pool: Pool
    rank: int = 0
    ahead: int = 2
    fills: tuple[Topic, ...]


ROUTES = (
    Route(topic=WORK_LIVE, pool="fast", ahead=4, fills=(WORK_LIVE,)),
    Route(topic=WORK_LIVE_DIALS, pool="slow", fills=(WORK_LIVE_DIALS,)),
    Route(topic=WORK_BATCH, pool="slow", rank=1, fills=(WORK_LIVE_DIALS, WORK_BATCH)),
    Route(topic=WORK_REFERENCE, pool="reference", fills=(WORK_REFERENCE,)),
)
"""In the order in which they are asked for work."""


def pool_of(route: Route, lane: Lane) -> Pool:
    """Slow frames on the fast topic (an older dispatcher put them there) are no fast ones."""
    return "slow" if route.pool == "fast" and lane is not Lane.FAST else route.pool


def has_room(route: Route, waiting: Mapping[str, int], sizes: Mapping[Pool, int]) -> bool:
    """Whether more of this topic may be taken; `waiting`: frames without a result, by topic.

    What is not live is taken only while a worker of the fast lane has nothing to do.
    """
    taken = sum(waiting.get(topic.name, 0) for topic in route.fills)
    is_free = route.rank == 0 or waiting.get(WORK_LIVE.name, 0) < sizes["fast"]
    return is_free and taken < route.ahead * sizes[route.pool]
