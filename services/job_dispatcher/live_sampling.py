"""Follows the results of live work, to tell the sampler how long it had waited.

Reads only the time stamps of a result; whoever owns the topic judges and refuses bad messages.
"""

import statistics
from typing import Protocol

import msgspec
import structlog

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

    @property
    def fraction(self) -> float:
        """Of frames that are sent out now."""
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


class LiveSampling:
    """The sampler with its eyes: the topic of results, from now on."""

    def __init__(self, source: Source, sampler: Sampler) -> None:
        self._source, self._sampler = source, sampler
        self._live_from_us: dict[tuple[str, int, str], int] = {}
        self._seen: list[tuple[int, int]] = []
        self._later: set[int] = set()
        self._started_us = 0
        self._next_look_us = 0

    @property
    def fraction(self) -> float:
        """Of frames that are sent out now."""
        return self._sampler.fraction

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
            self._seen += self._waits(record.value or b"")
        if now_us >= self._next_look_us:
            self._next_look_us = now_us + int(LOOK_EVERY_S * US)
            self._look(now_us)

    def _waits(self, payload: bytes) -> list[tuple[int, int]]:
        try:
            results = _DECODER.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return []
        live_from_us = self._live_from_us.get((results.job, results.attempt, results.lane))
        if live_from_us is None:
            return []
        stages = (frame.stages_us for frame in results.frames)
        return [
            (s.dispatched, s.taken - s.dispatched)
            for s in stages
            if s.taken and self._is_live(s, live_from_us) and s.dispatched
        ]

    def _is_live(self, stages: _Stages, live_from_us: int) -> bool:
        dispatched_us = stages.dispatched or 0
        mine = dispatched_us >= self._started_us and dispatched_us not in self._later
        return mine and (stages.announced or 0) >= live_from_us

    def _look(self, now_us: int) -> None:
        before = self._sampler.fraction
        if self._seen:
            look = Look(
                at_s=now_us / US,
                sent_s=max(sent_us for sent_us, _ in self._seen) / US,
                waited_s=statistics.median(waited_us for _, waited_us in self._seen) / US,
            )
            self._seen = []
            self._sampler.take(look)
        else:
            self._sampler.idle(now_us / US)
        metrics.INDEX_FRACTION.set(self._sampler.fraction)
        metrics.WORK_WAITED.set(self._sampler.waited_s)
        if self._sampler.fraction != before:
            LOG.info(
                "index_fraction_changed",
                before=before,
                now=self._sampler.fraction,
                waited_s=round(self._sampler.waited_s, 3),
            )
