"""`stillstream replay`: recorded topics back to a broker, at any speed, with other cut-offs.

The services that read them arrive at the same numbers: results are upserts by precedence, and
neither order nor repetition counts. Checkpoints, rates and advice are made anew by the services, so
that only runs, jobs and frames are replayed unless others are named.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec
from tqdm import tqdm

from libs.command_line.broker_option import bootstrap_of, bootstrap_option
from libs.command_line.cutoff_options import AskedCutoffs, asked_cutoffs, cutoff_options
from libs.command_line.local_options import var_option
from libs.command_line.record import FACTS
from libs.messages import BadMessageError, JobChanged, encode
from libs.messages.topics import BY_NAME, JOBS
from libs.streams import KafkaSink, Record, StreamError, decode_record, read_recording

AT_ONCE = 2000
"""Records that are published together when nothing paces them."""


@click.command(name="replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--topic", "names", multiple=True, type=click.Choice(sorted(BY_NAME)),
              help="What to replay, several times  [default: runs, jobs, frames]")  # fmt: skip
@click.option("--speed", type=click.FloatRange(0, min_open=True),
              help="1 as recorded, 10 ten times as fast  [default: no limit]")  # fmt: skip
@cutoff_options
@bootstrap_option
@var_option
def command(
    file: Path,
    names: tuple[str, ...],
    speed: float | None,
    bootstrap: str | None,
    var: Path,
    **options: Any,
) -> None:
    """Publish the records in FILE (of `stillstream record`) to topics of the same names. With
    cut-offs, the jobs carry these instead of their own."""
    wanted = set(names) or {topic.name for topic in FACTS}
    records = (record for record in read_recording(file) if record.topic in wanted)
    changed = with_cutoffs(records, asked_cutoffs(options))
    try:
        n_records = asyncio.run(_replay(bootstrap_of(bootstrap, var), changed, speed))
    except StreamError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{n_records} records replayed")


def with_cutoffs(records: Iterable[Record], asked: AskedCutoffs) -> Iterator[Record]:
    """The records, in which jobs have the cut-offs that were asked for."""
    for record in records:
        if asked.is_empty or record.topic != JOBS.name or record.value is None:
            yield record
        else:
            yield _changed(record, asked)


async def paced(
    records: Iterable[Record],
    speed: float | None,
    *,
    now_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[list[Record]]:
    """Groups of records, each at its moment since the first one, by record time."""
    started_s, first_ms, group = now_s(), None, list[Record]()
    for record in records:
        first_ms = record.timestamp_ms if first_ms is None else first_ms
        due_s = (record.timestamp_ms - first_ms) / 1000 / speed if speed else 0.0
        early_s = started_s + due_s - now_s() if speed else 0.0
        if group and (early_s > 0 or len(group) >= AT_ONCE):
            yield group
            group = []
        if early_s > 0:
            await sleep(early_s)
        group.append(record)
    if group:
        yield group


async def _replay(broker: str, records: Iterable[Record], speed: float | None) -> int:
    n_records = 0
    async with KafkaSink(broker) as sink:
        with tqdm(unit=" records", disable=None) as bar:
            async for group in paced(records, speed):
                await sink.publish_records(group)
                n_records += len(group)
                bar.update(len(group))
    return n_records


def _changed(record: Record, asked: AskedCutoffs) -> Record:
    try:
        job = decode_record(record)
    except BadMessageError:
        return record
    if not isinstance(job, JobChanged):
        return record
    recipe = msgspec.structs.replace(job.recipe, cutoffs=asked.over(job.recipe.cutoffs))
    return replace(record, value=encode(msgspec.structs.replace(job, recipe=recipe)))
