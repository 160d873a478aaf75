"""The sink: encoded records to committed rows, next to the limit of the server itself: LOAD DATA of
the same rows by the command-line client, into a database with the same tables.
"""

import asyncio
import subprocess
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import structlog

from libs.catalogue import open_engine
from libs.local_stack import LocalStack, Memory, MetricsPorts, Ports, StackSettings
from libs.messages import FramesProcessed, JobId
from libs.streams import Record
from libs.streams.fakes import records_of
from services.database_sink.core import rows_of
from tests.benchmarks.parts.example_frames import example_messages
from tests.benchmarks.parts.ratios import show
from tests.catalogue.builders import add_job, started
from tests.database_server import DatabaseServer
from tests.database_sink.harness import Harness

N_FRAMES = 60_000
FRAMES_GOAL, LIMIT_GOAL, REPLAY_GOAL = 20_000, 0.15, 0.5
BATCH_RECORDS = 100
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\0": "\\0", "\r": "\\r"})


def main() -> None:
    """Print the ratios."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    free = Ports(
        **dict.fromkeys(Ports.model_fields.keys() - {"metrics"}, 0),
        metrics=MetricsPorts(**dict.fromkeys(MetricsPorts.model_fields, 0)),
    )
    memory = Memory(kafka_heap_min_mb=64, kafka_heap_max_mb=128, mariadb_buffer_mb=512)
    with tempfile.TemporaryDirectory(prefix="stillstream-bench-") as folder:
        stack = LocalStack(
            Path(folder),
            settings=StackSettings(ports=free, memory=memory),
            services=[],
            infrastructure=["mariadb"],
            bound=True,
        )
        stack.up()
        try:
            server = DatabaseServer(
                port=stack.ports.mariadb,
                secrets=stack.paths.secrets,
                socket=stack.paths.sockets / "mariadb.sock",
            )
            _measure(server, Path(folder))
        finally:
            stack.down()


def _measure(server: DatabaseServer, folder: Path) -> None:
    ours = _database(server)
    written, again, messages = asyncio.run(_written(ours))
    show("frames, lattices, shells to rows", "frames/s", written, FRAMES_GOAL, "goal", 1.0)
    show("the same, all duplicates", "frames/s", again, written, "the first time", REPLAY_GOAL)
    limit = N_FRAMES / _loaded(_database(server), messages, folder)
    show("frames, lattices, shells to rows", "frames/s", written, limit, "LOAD DATA", LIMIT_GOAL)


def _database(server: DatabaseServer) -> DatabaseServer:
    own = server.with_name(f"stillstream_{uuid.uuid4().hex[:12]}")
    own.create()
    own.migrate()
    return own


async def _written(server: DatabaseServer) -> tuple[float, float, list[FramesProcessed]]:
    """Frames a second for new rows and for the same ones again."""
    editor, writer = open_engine(server.url("editor")), open_engine(server.url("writer"))
    try:
        warm = Harness(writer, [started()])
        await warm.drain()
        job: JobId = await add_job(editor)
        messages = example_messages(N_FRAMES, job=job)
        records = records_of(messages)
        rates = []
        for partition in range(2):
            moved = [_in_partition(record, partition) for record in records]
            harness = Harness(writer, moved, batch_records=BATCH_RECORDS)
            rates.append(N_FRAMES / await _seconds(harness.drain))
        return rates[0], rates[1], messages
    finally:
        await editor.dispose()
        await writer.dispose()


def _in_partition(record: Record, partition: int) -> Record:
    """The same record elsewhere, where the sink has no offset yet."""
    return replace(record, partition=partition)


async def _seconds(action: Callable[[], Awaitable[None]]) -> float:
    started_s = time.perf_counter()
    await action()
    return time.perf_counter() - started_s


def _loaded(server: DatabaseServer, messages: list[FramesProcessed], folder: Path) -> float:
    """Seconds that the client needs for the rows of both tables."""
    results = [r for job in rows_of(messages).jobs.values() for r in job.frames.values()]
    results.sort(key=lambda result: result.frame.key)
    _write(folder / "frame.tsv", [(1, *result.frame) for result in results])
    _write(folder / "lattice.tsv", [(1, *one) for result in results for one in result.lattices])
    defaults = folder / "client.cnf"
    defaults.write_text(f"[client]\nuser=owner\npassword={server.password('owner')}\n")
    defaults.chmod(0o600)
    started_s = time.perf_counter()
    for table in ("frame", "lattice"):
        statement = (
            f"LOAD DATA LOCAL INFILE '{folder / table}.tsv' INTO TABLE `{table}` "
            "CHARACTER SET binary"
        )
        client = ["mariadb", f"--defaults-extra-file={defaults}", "--local-infile=1"]
        where = ["--protocol=tcp", f"--host={server.host}", f"--port={server.port}", server.name]
        subprocess.run([*client, *where, "-e", statement], check=True)
    return time.perf_counter() - started_s


def _write(path: Path, rows: list[tuple[object, ...]]) -> None:
    with path.open("wb") as file:
        for row in rows:
            file.write(b"\t".join(_field(value) for value in row) + b"\n")


def _field(value: object) -> bytes:
    if value is None:
        return b"\\N"
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.translate(ESCAPES).encode("latin-1")


if __name__ == "__main__":
    main()
