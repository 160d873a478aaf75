"""One chunk on its way: its frames spread over the workers, results published as they come."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from libs.diffraction import ArchivePart, ArchiveTask, DiffractionError, FrameReply, FrameTask
from libs.messages import FrameResult, FramesToProcess, Message
from services.frame_processor.core import (
    FramePlace,
    archive_place,
    batch_of,
    places,
    with_stages,
)
from services.frame_processor.metrics import (
    ARCHIVE_FAILURES_TOTAL,
    REFERENCE_FRAMES_TOTAL,
    observe,
    observe_published,
)
from services.frame_processor.workshop import Workshop

LOG = structlog.get_logger(__name__)
GATHER_S = 0.2
"""Results that come within this time share a message: fast frames by the chunk, slow ones alone."""
Answer = tuple[FramePlace, FrameReply | None]


@dataclass(kw_only=True)
class ChunkWork:
    """The work on one chunk. `wanted` is asked before each frame."""

    chunk: FramesToProcess
    taken_us: int
    workshop: Workshop
    wanted: Callable[[], bool]
    rank: int = 0
    """Among the work of the same workers: 0 goes first."""
    waiting: int = 0
    """Frames without a durable result."""
    _parts: list[ArchivePart] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.waiting = sum(span.count for span in self.chunk.spans)

    async def run(self) -> None:
        """Return when every result is durable; raises RecipeError."""
        loop = asyncio.get_running_loop()
        threads = self.workshop.threads.at(self.rank)
        pending = {
            loop.run_in_executor(threads, self._process, place) for place in places(self.chunk)
        }
        try:
            while pending:
                done, pending = await asyncio.wait(pending, timeout=GATHER_S)
                if done:
                    await self._publish([future.result() for future in done])
            await self._archive()
        finally:
            for future in pending:
                future.cancel()

    def _process(self, place: FramePlace) -> Answer:
        """In a thread: wait for a worker's reply; None where the job was stopped meanwhile."""
        if not self.wanted():
            return place, None
        return place, self.workshop.frames.process(self._task(place))

    def _task(self, place: FramePlace) -> FrameTask:
        chunk = self.chunk
        return FrameTask(
            job=chunk.job,
            attempt=chunk.attempt,
            run=chunk.run,
            frame=place.frame,
            file=place.file,
            index_in_file=place.index_in_file,
            recipe=chunk.recipe,
            index=place.index,
            run_started_us=chunk.run_started_us,
            period_us=chunk.period_us,
            written_us=place.written_us,
            time_zone=chunk.time_zone,
            keep_parts=self.workshop.archive_folder is not None,
        )

    async def _publish(self, answers: list[Answer]) -> None:
        results: list[FrameResult] = []
        messages: list[Message] = []
        for place, reply in answers:
            if reply is not None:
                now_us = time.time_ns() // 1000
                results.append(with_stages(reply.result, self.chunk, place, self.taken_us, now_us))
                messages += () if self.workshop.is_reference else reply.reflections
                self._parts += [reply.part] if reply.part else []
        if results:
            pictures = [reply.pictures for _, reply in answers if reply and reply.pictures]
            batch = batch_of(self.chunk, results, self.workshop.origin, pictures)
            await self.workshop.sink.publish([batch, *messages])
            observe_published(batch, *messages)
        if self.workshop.is_reference:
            REFERENCE_FRAMES_TOTAL.inc(len(results))
        else:
            observe(results)
        self.waiting -= len(answers)

    async def _archive(self) -> None:
        folder = self.workshop.archive_folder
        if folder is None or not self._parts:
            return
        where, name = archive_place(self.chunk)
        task = ArchiveTask(
            folder=str(folder / where),
            name=name,
            job=self.chunk.job,
            attempt=self.chunk.attempt,
            recipe=self.chunk.recipe,
            versions=self.workshop.origin.versions,
            parts=tuple(sorted(self._parts, key=lambda part: part.frame)),
            files=tuple(dict.fromkeys(span.file for span in self.chunk.spans)),
        )
        loop = asyncio.get_running_loop()
        try:
            threads = self.workshop.threads.at(self.rank)
            await loop.run_in_executor(threads, self.workshop.frames.write_archive, task)
        except DiffractionError as error:
            ARCHIVE_FAILURES_TOTAL.inc()
            LOG.error("archive_failed", job=self.chunk.job, chunk=name, reason=str(error))
