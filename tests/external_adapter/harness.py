"""The adapter with topics in memory and real files."""

from pathlib import Path

import msgspec

from libs import messages as m
from libs.messages.topics import JOBS
from libs.streams import DeadLetters, Record
from libs.streams.fakes import FakeSink, FakeSource, records_of
from services.external_adapter.config import ExternalSource
from services.external_adapter.core import Known, Positions
from services.external_adapter.file_reader import FileReader
from services.external_adapter.files import FileFeed
from services.external_adapter.outlet import Outlet
from services.external_adapter.service import ExternalAdapter, Reader
from services.external_adapter.topic_reader import TopicReader


def source(**given: object) -> ExternalSource:
    values = {"name": "jet-a", "experiment": "mx2471"}
    return ExternalSource.model_validate(values | given)


class Life:
    """One life of the adapter over a folder or a topic; checkpoints go from one to the next."""

    def __init__(self, said: ExternalSource, before: "Life | None" = None, **sizes: int) -> None:
        self.facts, self.sink, self.records = FakeSource(), FakeSink(), FakeSource()
        outlet = Outlet(
            sink=self.sink, dead_letters=DeadLetters("external_adapter", self.sink), known=Known()
        )
        positions = Positions("external_adapter")
        self.told: list[m.Message] = list(before.told) if before else []
        self.kept: list[m.Message] = list(before.kept) if before else []
        for segment in self.kept:
            positions.restore(segment)  # type: ignore[arg-type]
        reader: Reader = TopicReader(said, self.records, outlet)
        if said.folder is not None:
            reader = FileReader(FileFeed(said, said.folder, **sizes), outlet, positions)
        self.adapter = ExternalAdapter(self.facts, outlet, [reader])
        self.facts.feed(records_of(self.told))

    async def step(self, *news: m.Message, times: int = 2) -> "Life":
        """News of runs and jobs, then some turns."""
        self.told += news
        self.facts.feed(records_of(news))
        for _ in range(times):
            await self.adapter.step()
        self.kept = [*self.kept, *self.published(m.CheckpointSegment)]
        return self

    async def forget(self, job: str) -> None:
        tombstone = Record(topic=JOBS.name, partition=0, offset=99, key=job.encode(), value=None)
        self.facts.feed([tombstone])
        await self.adapter.step()

    def published(self, kind: type[m.Message]) -> list[m.Message]:
        return [message for message in self.sink.published if isinstance(message, kind)]

    def results(self) -> list[m.FramesProcessed]:
        return [b for b in self.sink.published if isinstance(b, m.FramesProcessed)]

    def frames(self) -> list[int]:
        return [frame.frame for batch in self.results() for frame in batch.frames]

    def letters(self) -> list[m.MessageRejected]:
        return [b for b in self.sink.published if isinstance(b, m.MessageRejected)]


def line(number: int, **more: object) -> bytes:
    said: dict[str, object] = {"number": number, "spots": 50, "index": 0}
    return msgspec.json.encode(said | more) + b"\n"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as opened:
        opened.write(data)
