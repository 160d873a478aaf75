"""Frame results from files: lines of JSON, or recordings of topics. Rows for the statistics.

A bad line or record is reported with file and number, counted, and costs itself only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np

from libs.crystallography.rates import Rows, rows_of
from libs.messages import BadMessageError, FrameResult, FramesProcessed, JobChanged, JobId
from libs.messages.topics import FRAMES, JOBS
from libs.streams import Record, RecordingError, decode_record, is_recording, read_recording

SHELL_TYPES = {"n": "<u4", "n_positive": "<u4", "mean": "<f4", "mean_positive": "<f4"}
SHARED = ("job", "attempt", "run", "lane", "recipe", "worker", "versions")
Key = tuple[str, str]
"""Job and lane."""
STANDARD_INPUT = "-"


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
            with click.open_file(file, encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, start=1):
                    where = f"{file}, line {number}"
                    message = self._line(where, line) if line.strip() else None
                    if message is not None:
                        yield where, message
        except OSError as error:
            raise click.ClickException(
                f"{file} cannot be read: {error.strerror or error}"
            ) from error

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
        click.echo(f"{where}: {error}", err=True)


def message_of(line: str) -> FramesProcessed:
    """The message in a line; raises ValueError (msgspec's errors are ones) or BadMessageError."""
    fields = msgspec.json.decode(line)
    if not isinstance(fields, dict):
        raise BadMessageError("a frame result is a JSON object")
    for lattice in fields.get("lattices") or ():
        if isinstance(lattice, dict) and isinstance(lattice.get("shells"), dict):
            lattice["shells"] = _shells(lattice["shells"])
    frame = msgspec.convert(fields, FrameResult)
    shared = {name: fields[name] for name in SHARED if name in fields}
    missing = {"job", "run"} - shared.keys()
    if missing:
        raise BadMessageError(f"a frame result without {' and '.join(sorted(missing))}")
    defaults = {"attempt": 0, "lane": "dials", "recipe": "", "worker": "", "file": ""}
    return msgspec.convert(defaults | shared | {"frames": (frame,)}, FramesProcessed)


def _shells(table: dict[str, Any]) -> dict[str, Any]:
    """Lists of numbers as the raw arrays of the message."""
    raw = {
        name: np.array([np.nan if v is None else v for v in table[name]], dtype).tobytes()
        for name, dtype in SHELL_TYPES.items()
        if isinstance(table.get(name), list)
    }
    return table | raw
