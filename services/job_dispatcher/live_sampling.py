"""Follows the results of live work, to tell the samplers how long it had waited.

Each lane has a sampler of its own, as it has workers of its own: a slow trial beside a fast one is
no reason to index fewer frames of the fast one.

Reads only the time stamps of a result; whoever owns the topic judges and refuses bad messages.
"""

import statistics
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from libs.messages import Lane
from libs.streams import Source
from services.job_dispatcher import metrics
from services.job_dispatcher.core import Work
from services.job_dispatcher.sampling import Look, Sampler

LOG = structlog.get_logger(__name__)
LOOK_EVERY_S = 0.5
POLL_RECORDS = 5000
US = 1_000_000


class Sampling(Protocol):
    """Says how much of the live work is to be indexed."""

    def fraction_of(self, lane: Lane) -> float:
        """Of this lane's frames that are sent out now."""
        ...

    def expect(self, work: Work) -> None:
        """This attempt's live work is being sent out."""
        ...

    def can_wait(self, dispatched_us: int) -> None:
        """What is sent out at this moment is no live work."""
        ...

    async def step(self, now_us: int) -> None:
        """Look at what was finished meanwhile."""
        ...


class _Stages(msgspec.Struct):
    announced: int | None = None
    dispatched: int | None = None
    taken: int | None = None


class _Frame(msgspec.Struct):
    stages_us: _Stages = msgspec.field(default_factory=_Stages)


class _Results(msgspec.Struct, tag_field="type", tag="frames_processed"):
    job: str
    attempt: int
    lane: str
    frames: list[_Frame]


_DECODER = msgspec.msgpack.Decoder(_Results)


COMPUTED = (Lane.FAST, Lane.DIALS)


class LiveSampling:
    """The samplers with their eyes: the topic of results, from now on."""

    def __init__(self, source: Source, make_sampler: Callable[[], Sampler]) -> None:
        self._source = source
        self._samplers = {lane: make_sampler() for lane in COMPUTED}
        self._seen: dict[str, list[tuple[int, int]]] = {lane.value: [] for lane in COMPUTED}
        self._live_from_us: dict[tuple[str, int, str], int] = {}
        self._later: set[int] = set()
        self._started_us = 0
        self._next_look_us = 0

    def fraction_of(self, lane: Lane) -> float:
        """Of this lane's frames that are sent out now."""
        return self._samplers[lane].fraction if lane in self._samplers else 1.0

    def expect(self, work: Work) -> None:
        """Results of this attempt count from now on; those of its older frames, and of the
        reference lane, do not."""
        lane = work.recipe.lane.value
        self._live_from_us[(work.job, work.attempt, lane)] = work.live_from_us

    def can_wait(self, dispatched_us: int) -> None:
        """Results of what is sent out at this moment say nothing."""
        self._later.add(dispatched_us)

    async def step(self, now_us: int) -> None:
        """Read what was finished; twice a second, judge it."""
        self._started_us = self._started_us or now_us
        for record in await self._source.poll(max_records=POLL_RECORDS, timeout_s=0.0):
            self._see(record.value or b"")
        if now_us >= self._next_look_us:
            self._next_look_us = now_us + int(LOOK_EVERY_S * US)
            for lane in self._samplers:
                self._look(lane, now_us)

    def _see(self, payload: bytes) -> None:
        try:
            results = _DECODER.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        live_from_us = self._live_from_us.get((results.job, results.attempt, results.lane))
        if live_from_us is None or results.lane not in self._seen:
            return
        stages = (frame.stages_us for frame in results.frames)
        self._seen[results.lane] += [
            (s.dispatched, s.taken - s.dispatched)
            for s in stages
            if s.taken and self._is_live(s, live_from_us) and s.dispatched
        ]

    def _is_live(self, stages: _Stages, live_from_us: int) -> bool:
        dispatched_us = stages.dispatched or 0
        mine = dispatched_us >= self._started_us and dispatched_us not in self._later
        return mine and (stages.announced or 0) >= live_from_us

    def _look(self, lane: Lane, now_us: int) -> None:
        sampler, seen = self._samplers[lane], self._seen[lane.value]
        before = sampler.fraction
        if seen:
            look = Look(
                at_s=now_us / US,
                sent_s=max(sent_us for sent_us, _ in seen) / US,
                waited_s=statistics.median(waited_us for _, waited_us in seen) / US,
            )
            seen.clear()
            sampler.take(look)
        else:
            sampler.idle(now_us / US)
        metrics.INDEX_FRACTION.labels(lane.value).set(sampler.fraction)
        metrics.WORK_WAITED.labels(lane.value).set(sampler.waited_s)
        if sampler.fraction != before:
            LOG.info(
                "index_fraction_changed",
                lane=lane.value,
                before=before,
                now=sampler.fraction,
                waited_s=round(sampler.waited_s, 3),
            )
