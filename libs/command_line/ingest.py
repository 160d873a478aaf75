"""`stillstream ingest`: results of another system, from a file or a pipe, into a job."""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from tqdm import tqdm

from libs.command_line.broker_option import bootstrap_of, bootstrap_option
from libs.command_line.local_options import var_option
from libs.external_results import (
    FORMATS,
    EventTimes,
    ExternalError,
    ExternalFrame,
    Format,
    batches_of,
)
from libs.messages import BadMessageError, JobChanged, Lane, Message, RunStarted
from libs.messages.topics import JOBS, RUNS, Topic
from libs.streams import KafkaSink, StreamError, decode_record, read_whole

READ_BYTES = 1 << 20
PAUSE_S = 0.1


@click.command(name="ingest")
@click.argument("file", type=click.Path(allow_dash=True, path_type=str))
@click.option(
    "--job", "job_name", required=True, help="Name of a job of a trial with --lane external"
)
@click.option("--format", "format_name", type=click.Choice(sorted(FORMATS)),
              help="[default: crystfel for .stream, else json_lines]")  # fmt: skip
@click.option("--first-frame", type=click.IntRange(0), default=0, show_default=True,
              help="Our number of the frame that the other system calls 0")  # fmt: skip
@click.option("--period", "period_s", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="Time between two frames  [default: the run's]")  # fmt: skip
@click.option("--follow", type=click.FloatRange(0), default=0.0, metavar="SECONDS",
              help="End when FILE has not grown for so long  [default: at its end]")  # fmt: skip
@bootstrap_option
@var_option
def command(
    file: str,
    job_name: str,
    format_name: str | None,
    first_frame: int,
    period_s: float | None,
    follow: float,
    bootstrap: str | None,
    var: Path,
) -> None:
    """Publish the per-frame results in FILE (- for standard input: JSON lines with Jungfraujoch's
    names, or a CrystFEL stream) as results of a job; status 1 if some of them were no results."""
    name = format_name or ("crystfel" if file.endswith(".stream") else "json_lines")
    reads = FORMATS[name]
    broker = bootstrap_of(bootstrap, var)
    try:
        job, run = asyncio.run(_job(broker, job_name))
        written_us = (Path(file).stat().st_mtime_ns if file != "-" else time.time_ns()) // 1000
        period_us = round(period_s * 1e6) if period_s else run.period_us if run else None
        times = EventTimes(started_us=job.started_us, period_us=period_us, otherwise_us=written_us)
        ingest = Ingest(job, times, reads, first_frame=first_frame, file=file)
        asyncio.run(ingest.run(broker, file, follow))
    except (StreamError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{ingest.n_frames} results for {job.job}, {ingest.n_bad} pieces were none")
    sys.exit(1 if ingest.n_bad else 0)


class Ingest:
    """One file into one job."""

    def __init__(
        self, job: JobChanged, times: EventTimes, reads: Format, *, first_frame: int, file: str
    ) -> None:
        self._job, self._times, self._reads = job, times, reads
        self._first_frame, self._file = first_frame, file
        self.n_frames = self.n_bad = 0

    async def run(self, broker: str, file: str, follow_s: float) -> None:
        """Publish everything, part by part."""
        async with KafkaSink(broker) as sink:
            with tqdm(unit=" results", disable=None) as bar:
                for frames in self._parts(file, follow_s):
                    await sink.publish(self._messages(frames))
                    self.n_frames += len(frames)
                    bar.update(len(frames))

    def _parts(self, file: str, follow_s: float) -> Iterator[list[ExternalFrame]]:
        if file == "-":
            yield from self._frames(sys.stdin.buffer, 0.0)
        else:
            with Path(file).open("rb") as opened:
                yield from self._frames(opened, follow_s)

    def _frames(self, source: BinaryIO, follow_s: float) -> Iterator[list[ExternalFrame]]:
        data = b""
        for part in grown(source, follow_s):
            data += part
            pieces = list(self._reads.cut(data, 0))
            if pieces:
                yield [frame for piece in pieces for frame in self._read(piece.payload)]
                data = data[pieces[-1].end :]
        if data.strip() and self._reads.name == "json_lines":
            yield self._read(data.strip())  # the last line needs no end

    def _read(self, payload: bytes) -> list[ExternalFrame]:
        try:
            return list(self._reads.read(payload))
        except ExternalError as error:
            self.n_bad += 1
            click.echo(f"left out: {error}", err=True)
            return []

    def _messages(self, frames: list[ExternalFrame]) -> list[Message]:
        system = f"ingest/{self._reads.name}"
        return list(
            batches_of(
                frames,
                self._job,
                self._times,
                system=system,
                first_frame=self._first_frame,
                file="stdin" if self._file == "-" else str(Path(self._file).resolve()),
            )
        )


def grown(source: BinaryIO, follow_s: float) -> Iterator[bytes]:
    """What is there, then what comes, until nothing came for so long."""
    quiet_since_s = time.monotonic()
    while True:
        part = source.read(READ_BYTES)
        if part:
            quiet_since_s = time.monotonic()
            yield part
        elif time.monotonic() - quiet_since_s >= follow_s:
            return
        else:
            time.sleep(PAUSE_S)


async def _job(broker: str, name: str) -> tuple[JobChanged, RunStarted | None]:
    jobs = [m for m in await _messages(broker, JOBS) if isinstance(m, JobChanged) and m.job == name]
    if not jobs:
        raise click.ClickException(f"no job {name}: `stillstream job list` shows which exist")
    job = max(jobs, key=lambda change: change.attempt)
    if job.recipe.lane is not Lane.EXTERNAL:
        raise click.ClickException(
            f"{name} is of a trial with lane {job.recipe.lane.value}: its frames are processed "
            "here; add a trial with `stillstream trial add … --lane external`"
        )
    runs = [m for m in await _messages(broker, RUNS) if isinstance(m, RunStarted)]
    return job, next((run for run in runs if run.run == job.run), None)


async def _messages(broker: str, topic: Topic) -> list[Message]:
    found = []
    for record in await read_whole(broker, topic):
        try:
            found += [decode_record(record)] if record.value is not None else []
        except BadMessageError:
            continue
    return found
