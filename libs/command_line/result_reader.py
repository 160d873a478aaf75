"""Frame results from files: lines of JSON, or recordings of topics. Rows for the statistics.

A bad line or record is reported with file and number, counted, and costs itself only.
"""

import gzip
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import click

from libs.command_line.result_lines import message_of
from libs.crystallography.rates import Rows, rows_of
from libs.messages import BadMessageError, FramesProcessed, JobChanged, JobId
from libs.messages.topics import FRAMES, JOBS
from libs.streams import Record, RecordingError, decode_record, is_recording, read_recording

Key = tuple[str, str]
"""Job and lane."""
STANDARD_INPUT = "-"
GZIP_MAGIC = b"\x1f\x8b"
MOST_REPORTED = 20
"""Bad lines that are named one by one; the rest is counted."""


class ResultReader:
    """Messages of files, and the newest word on each job that a recording holds."""

    def __init__(self) -> None:
        self.n_bad = 0
        self.jobs: dict[JobId, JobChanged] = {}

    def rows(self, file: str) -> Iterator[tuple[Key, Rows]]:
        """Rows, with the job and lane they belong to, for each good line or record."""
        for where, message in self.messages(file):
            try:
                rows = rows_of(message)
            except BadMessageError as error:
                self._reject(where, error)
            else:
                yield (message.job, message.lane.value), rows

    def messages(self, file: str) -> Iterator[tuple[str, FramesProcessed]]:
        """Results, each with the place where it stands."""
        if file != STANDARD_INPUT and is_recording(Path(file)):
            yield from self._recorded(Path(file))
        else:
            yield from self._lines(file)

    def _lines(self, file: str) -> Iterator[tuple[str, FramesProcessed]]:
        try:
            with _opened(file) as lines:
                for number, line in enumerate(lines, start=1):
                    where = f"{file}, line {number}"
                    message = self._line(where, line) if line.strip() else None
                    if message is not None:
                        yield where, message
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or error
            raise click.ClickException(f"{file} cannot be read: {reason}") from error

    def _line(self, where: str, line: str) -> FramesProcessed | None:
        try:
            return message_of(line)
        except (ValueError, TypeError, RecursionError) as error:
            self._reject(where, error)
            return None

    def _recorded(self, path: Path) -> Iterator[tuple[str, FramesProcessed]]:
        try:
            for number, record in enumerate(read_recording(path), start=1):
                where = f"{path}, record {number}"
                message = self._record(where, record)
                if isinstance(message, FramesProcessed):
                    yield where, message
        except RecordingError as error:
            raise click.ClickException(str(error)) from error

    def _record(self, where: str, record: Record) -> FramesProcessed | None:
        if record.topic not in {FRAMES.name, JOBS.name} or record.value is None:
            return None
        try:
            message = decode_record(record)
        except BadMessageError as error:
            self._reject(where, error)
            return None
        if isinstance(message, JobChanged):
            known = self.jobs.get(message.job)
            if known is None or message.attempt >= known.attempt:
                self.jobs[message.job] = message
        return message if isinstance(message, FramesProcessed) else None

    def _reject(self, where: str, error: Exception) -> None:
        """Report a bad line or record."""
        self.n_bad += 1
        if self.n_bad <= MOST_REPORTED:
            click.echo(f"{where}: {error}", err=True)


def _opened(file: str) -> AbstractContextManager[IO[str]]:
    """The lines of a file, compressed or not, or of standard input."""
    if file != STANDARD_INPUT and _is_compressed(Path(file)):
        return gzip.open(file, "rt", encoding="utf-8-sig", errors="replace")
    return click.open_file(file, encoding="utf-8-sig", errors="replace")


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as content:
        return content.read(len(GZIP_MAGIC)) == GZIP_MAGIC
