"""The dispatcher on a real catalogue, with topics in memory."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from libs.diffraction.lane_choice import LaneAnswer
from libs.messages import FramesToProcess, JobChanged, Message, Recipe
from libs.messages.topics import RUNS, WORK_BATCH, WORK_LIVE, WORK_LIVE_DIALS, Topic
from libs.streams import DeadLetters, Record
from libs.streams.fakes import FakeSink, FakeSource, records_of
from services.job_dispatcher.bookings import Bookings
from services.job_dispatcher.lanes import Lanes
from services.job_dispatcher.live_sampling import Sampling
from services.job_dispatcher.service import JobDispatcher
from tests.catalogue.builders import NOW


def all_fast(recipe: Recipe) -> LaneAnswer:
    """A reader of recipes that finds nothing amiss."""
    return LaneAnswer(lane=recipe.lane)


class Harness:
    """One life of the dispatcher, which begins at the topic's beginning."""

    def __init__(
        self,
        engine: AsyncEngine,
        messages: Iterable[Message] | Sequence[Record],
        *,
        choose: Callable[[Recipe], LaneAnswer] = all_fast,
        sampling: Sampling | None = None,
        reference_fraction: float = 0.0,
        inherited: bool = False,
    ) -> None:
        """`inherited`: the messages had come before this life began."""
        given = list(messages)
        self.records = [r for r in given if isinstance(r, Record)] or records_of(given)
        self.source, self.sink = FakeSource(self.records), FakeSink()
        self.dispatcher = JobDispatcher(
            self.source,
            self.sink,
            Bookings(engine, lambda: NOW + 50, Lanes(choose)),
            DeadLetters("job_dispatcher", self.sink),
            chunk_frames=4,
            catalogue_interval_s=1e-6,
            clock_us=lambda: NOW + 60,
            inherited={(RUNS.name, 0): len(self.records) if inherited else 0},
            sampling=sampling,
            reference_fraction=reference_fraction,
        )

    async def step(self, *more: Message) -> "Harness":
        """One turn, after these messages arrived."""
        fresh = records_of(more)
        start = len(self.records)
        self.records += [replace(r, offset=start + i) for i, r in enumerate(fresh)]
        self.source.feed(self.records[start:])
        await self.dispatcher.step()
        return self

    def changes(self) -> list[JobChanged]:
        """What was announced."""
        return [m for m in self.sink.published if isinstance(m, JobChanged)]

    def chunks(self, topic: Topic | None = None) -> list[FramesToProcess]:
        """The work that was sent."""
        pairs = zip(self.sink.published, self.sink.topics, strict=True)
        return [
            m for m, where in pairs if isinstance(m, FramesToProcess) and topic in (None, where)
        ]

    def frames(self, topic: Topic | None = None) -> list[int]:
        """The frames of that work."""
        return [
            s.first_frame + i for c in self.chunks(topic) for s in c.spans for i in range(s.count)
        ]

    def live(self) -> list[int]:
        """The frames that were sent out as live work, of whichever lane."""
        return self.frames(WORK_LIVE) + self.frames(WORK_LIVE_DIALS)

    def batch(self) -> list[int]:
        """The frames that were sent to work-batch."""
        return self.frames(WORK_BATCH)
