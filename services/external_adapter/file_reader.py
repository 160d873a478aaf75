"""The files of one source, read as they grow; how far is noted after the results are durable."""

import asyncio

import structlog

from libs.external_results import ExternalError, ExternalFrame, Piece
from libs.messages import JobChanged, RunStarted
from libs.streams import Record
from services.external_adapter.config import ExternalSource
from services.external_adapter.core import SAFE_NUMBER, Positions
from services.external_adapter.files import KEPT_BYTES, FileFeed, Found, Window
from services.external_adapter.outlet import Outlet

LOG = structlog.get_logger(__name__)


class FileReader:
    """Every file, for every job that takes results of its run."""

    def __init__(self, feed: FileFeed, outlet: Outlet, positions: Positions) -> None:
        self._feed, self._outlet, self._positions = feed, outlet, positions

    @property
    def _source(self) -> ExternalSource:
        return self._feed.source

    async def step(self, *, has_news: bool) -> bool:
        """Read on in each file; whether anything was read."""
        del has_news  # positions say what is left to do
        moved = False
        for file in await asyncio.to_thread(lambda: list(self._feed.files())):
            if not SAFE_NUMBER.match(file.number):
                continue
            run = await self._outlet.run(
                self._source, file.number, path=str(file.path), seen_us=file.written_us
            )
            for job in self._outlet.known.jobs(run.run) if run else ():
                moved |= run is not None and await self._read(file, run, job)
        return moved

    async def _read(self, file: Found, run: RunStarted, job: JobChanged) -> bool:
        name = str(file.path)
        offset = self._positions.offset(name, job, inode=file.inode, size=file.size)
        if offset >= file.size:
            return False
        try:
            window = await asyncio.to_thread(self._feed.read, file, offset)
        except OSError as error:
            LOG.warning("file_not_read", file=name, reason=str(error))
            return False
        if window.next_offset == offset:
            return False
        frames = await self._frames_of(file, offset, window)
        await self._outlet.publish(
            self._source, frames, run, job, written_us=file.written_us, file=name
        )
        note = self._positions.moved(name, job, inode=file.inode, offset=window.next_offset)
        await self._outlet.sink.publish([note])
        return True

    async def _frames_of(self, file: Found, offset: int, window: Window) -> list[ExternalFrame]:
        frames: list[ExternalFrame] = []
        if window.too_large is not None:
            piece = Piece(start=offset, end=window.next_offset, payload=window.too_large)
            await self._reject(file, piece, ExternalError("too large for one result"))
        for piece in window.pieces:
            try:
                frames += self._source.reads.read(piece.payload)
            except ExternalError as error:
                await self._reject(file, piece, error)
        return frames

    async def _reject(self, file: Found, piece: Piece, error: ExternalError) -> None:
        record = Record(
            topic=f"file:{self._source.name}",
            partition=0,
            offset=piece.start,
            key=str(file.path).encode(),
            value=piece.payload[:KEPT_BYTES],
        )
        await self._outlet.dead_letters.reject(record, error)
