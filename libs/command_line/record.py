"""`stillstream record`: topics into a file, byte for byte, up to their ends or as they grow."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from tqdm import tqdm

from libs.command_line.broker_option import bootstrap_of, bootstrap_option
from libs.command_line.local_options import var_option
from libs.messages.topics import BY_NAME, FRAMES, JOBS, RUNS, Topic
from libs.streams import KafkaSource, RecordingWriter, StreamError, TopicPartition

FACTS = (RUNS, JOBS, FRAMES)
"""From which every number can be computed again."""


@click.command(name="record")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--topic", "names", multiple=True, type=click.Choice(sorted(BY_NAME)),
              help="What to record, several times  [default: runs, jobs, frames]")  # fmt: skip
@click.option("--follow", type=click.FloatRange(0), metavar="SECONDS",
              help="Go on for so long with what comes (Ctrl-C ends it earlier)")  # fmt: skip
@bootstrap_option
@var_option
def command(
    file: Path, names: tuple[str, ...], follow: float | None, bootstrap: str | None, var: Path
) -> None:
    """Write the records of topics into FILE (compressed if it ends in .gz): all that there are,
    and with --follow those that come."""
    topics = [BY_NAME[name] for name in names] or list(FACTS)
    broker = bootstrap_of(bootstrap, var)
    try:
        with RecordingWriter(file) as writer:
            try:
                asyncio.run(_record(broker, topics, writer, follow or 0.0))
            except KeyboardInterrupt:
                click.echo("stopped", err=True)
            click.echo(f"{writer.n_records} records in {file}")
    except StreamError as error:
        raise click.ClickException(str(error)) from error


async def _record(
    broker: str, topics: Sequence[Topic], writer: RecordingWriter, follow_s: float
) -> None:
    deadline = time.monotonic() + follow_s
    async with KafkaSource(broker, topics, group=None) as source:
        ends = await source.end_offsets()
        with tqdm(total=sum(ends.values()), unit=" records", disable=None) as bar:
            while await _is_behind(source, ends) or time.monotonic() < deadline:
                records = await source.poll(max_records=5000, timeout_s=0.2)
                writer.write(records)
                bar.update(len(records))


async def _is_behind(source: KafkaSource, ends: Mapping[TopicPartition, int]) -> bool:
    return any(at < ends[tp] for tp, at in (await source.positions()).items())
