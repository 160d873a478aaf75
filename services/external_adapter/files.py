"""The files of one source: which there are, whose run they belong to, their next whole pieces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from libs.external_results import Piece
from services.external_adapter.config import ExternalSource

WINDOW_BYTES = 4 * 1024 * 1024
LARGEST_PIECE_BYTES = 64 * 1024 * 1024
KEPT_BYTES = 500_000
"""Of a piece that is too large; a dead letter holds no more."""


def _is_text(path: Path) -> bool:
    """Whether the name is UTF-8: others cannot travel."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file that was seen; `written_us` is its time on disk."""

    path: Path
    number: str
    inode: int
    size: int
    written_us: int


@dataclass(frozen=True, kw_only=True)
class Window:
    """What was read: whole pieces, where reading goes on, and what was too large for a piece."""

    pieces: tuple[Piece, ...]
    next_offset: int
    too_large: bytes | None = None


class FileFeed:
    """Looks at a folder; remembers nothing."""

    def __init__(
        self,
        source: ExternalSource,
        folder: Path,
        *,
        window_bytes: int = WINDOW_BYTES,
        largest_bytes: int = LARGEST_PIECE_BYTES,
    ) -> None:
        self.source, self._folder = source, folder
        self._window_bytes, self._largest_bytes = window_bytes, largest_bytes
        self._number = re.compile(source.run_number)

    def files(self) -> Iterator[Found]:
        """All files with a run's number in their names, in order."""
        patterns = self.source.patterns or (self.source.reads.pattern,)
        paths = {path for pattern in patterns for path in self._folder.glob(pattern)}
        for path in sorted(paths):
            below = path.relative_to(self._folder).with_suffix("").as_posix()
            number = self._number.search(below)
            try:
                seen = path.stat()
            except OSError:
                continue  # gone again
            if number is not None and path.is_file() and _is_text(path):
                yield Found(
                    path=path,
                    number=number[1],
                    inode=seen.st_ino,
                    size=seen.st_size,
                    written_us=seen.st_mtime_ns // 1000,
                )

    def read(self, file: Found, offset: int) -> Window:
        """The whole pieces from here on; a partial one at the end waits."""
        size = self._window_bytes
        with file.path.open("rb") as opened:
            while True:
                opened.seek(offset)
                data = opened.read(size)
                pieces = tuple(self.source.reads.cut(data, offset))
                if pieces:
                    return Window(pieces=pieces, next_offset=pieces[-1].end)
                if len(data) < size:
                    return Window(pieces=(), next_offset=offset)
                if size >= self._largest_bytes:
                    kept = data[:KEPT_BYTES]
                    return Window(pieces=(), next_offset=offset + size, too_large=kept)
                size *= 2
