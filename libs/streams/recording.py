"""Records in a file, byte for byte: for replay, for offline statistics, for keeping a shift.

Layout: a magic line, then for each record its length (uint32, little-endian) and a msgpack array of
topic, partition, offset, time stamp (ms), key, value. A name that ends in `.gz` is compressed.
Knows nothing of messages.
"""

import gzip
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

import msgspec

from libs.streams.errors import RecordingError
from libs.streams.records import Record

MAGIC = b"stillstream recording 1\n"
LONGEST_RECORD = 16 * 1024 * 1024
_LENGTH = struct.Struct("<I")
_Fields = tuple[str, int, int, int, bytes | None, bytes | None]
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Fields)


class RecordingWriter:
    """Appends records to a new file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.n_records = 0

    def __enter__(self) -> Self:
        try:
            self._file = _open(self._path, "xb")
        except FileExistsError as error:
            raise RecordingError(f"{self._path} exists: give another name") from error
        except OSError as error:
            raise RecordingError(f"{self._path} cannot be written: {error.strerror}") from error
        self._file.write(MAGIC)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, records: Iterable[Record]) -> None:
        """Append records in this order."""
        assert self._file is not None  # noqa: S101 (used as a context manager only)
        for r in records:
            raw = _ENCODER.encode((r.topic, r.partition, r.offset, r.timestamp_ms, r.key, r.value))
            self._file.write(_LENGTH.pack(len(raw)) + raw)
            self.n_records += 1


def is_recording(path: Path) -> bool:
    """Whether a file begins like a recording."""
    try:
        with _open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, EOFError):
        return False


def read_recording(path: Path) -> Iterator[Record]:
    """The records of a file in the order in which they were written.

    Raises RecordingError when the file cannot be read, is no recording or is damaged; a last record
    that is cut off (the recorder was killed) ends the iteration.
    """
    try:
        with _open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise RecordingError(f"{path} is no recording of `stillstream record`")
            yield from _records(path, file)
    except EOFError:
        return  # a compressed file that was cut off
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}") from error


def _records(path: Path, file: IO[bytes]) -> Iterator[Record]:
    number = 0
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        number += 1
        if length > LONGEST_RECORD:
            raise RecordingError(f"{path} is damaged: record {number} claims {length} bytes")
        raw = file.read(length)
        if len(raw) < length:
            return
        yield _record(path, number, raw)


def _record(path: Path, number: int, raw: bytes) -> Record:
    try:
        topic, partition, offset, timestamp_ms, key, value = _DECODER.decode(raw)
    except msgspec.MsgspecError as error:
        raise RecordingError(f"{path} is damaged at record {number}: {error}") from error
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        value=value,
        timestamp_ms=timestamp_ms,
    )


def _open(path: Path, mode: str) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, mode, compresslevel=1))
    return cast("IO[bytes]", path.open(mode))
