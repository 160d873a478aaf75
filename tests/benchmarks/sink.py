"""The sink: encoded records to committed rows, next to the limit of the server itself: LOAD DATA of
the same rows by the command-line client, into a database with the same tables.

Also by processor time, sink and server together, as if one core had to do it all: what other
processes do meanwhile hardly counts there.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from libs.catalogue import open_engine
from libs.local_stack import LocalStack, Memory, MetricsPorts, Ports, StackSettings
from libs.messages import FramesProcessed, JobId
from libs.streams.fakes import records_of
from services.database_sink.app import collect_seldom
from services.database_sink.core import rows_of
from tests.benchmarks.parts.example_frames import example_messages
from tests.benchmarks.parts.ratios import show
from tests.catalogue.builders import add_job, started
from tests.database_server import DatabaseServer
from tests.database_sink.harness import Harness

N_FRAMES = 60_000
FRAMES_GOAL, LIMIT_GOAL, REPLAY_GOAL = 20_000, 0.15, 0.5
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
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
            _measure(server, Path(folder), stack.pid("mariadb"))
        finally:
            stack.down()


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds for N_FRAMES: by the clock, of this process and of the server."""

    wall_s: float
    ours_s: float
    server_s: float


def _measure(server: DatabaseServer, folder: Path, server_pid: int) -> None:
    first, again = asyncio.run(_written(_database(server), server_pid))
    what, written = "frames, lattices, shells to rows", N_FRAMES / first.wall_s
    show(what, "frames/s", written, FRAMES_GOAL, "goal", 1.0)
    by_processor = N_FRAMES / (first.ours_s + first.server_s)
    show(f"{what}, processor time", "frames/s", by_processor, FRAMES_GOAL, "goal", 1.0)
    show("the same, all duplicates", "frames/s", N_FRAMES / again.wall_s, written, "the first time",
         REPLAY_GOAL)  # fmt: skip
    print(f"µs a frame: sink {_us(first.ours_s)}, server {_us(first.server_s)}", file=sys.stderr)
    limit = N_FRAMES / _loaded(_database(server), example_messages(N_FRAMES), folder)
    show(what, "frames/s", written, limit, "LOAD DATA", LIMIT_GOAL)


def _us(seconds: float) -> str:
    return f"{1e6 * seconds / N_FRAMES:.1f}"


def _database(server: DatabaseServer) -> DatabaseServer:
    own = server.with_name(f"stillstream_{uuid.uuid4().hex[:12]}")
    own.create()
    own.migrate()
    return own


async def _written(server: DatabaseServer, server_pid: int) -> tuple[Spent, Spent]:
    """What new rows cost, and the same ones again."""
    editor, writer = open_engine(server.url("editor")), open_engine(server.url("writer"))
    collect_seldom()
    try:
        await Harness(writer, [started()]).drain()
        job: JobId = await add_job(editor)
        records = records_of(example_messages(N_FRAMES, job=job))
        first, again = [
            await _spent(Harness(writer, moved).drain, server_pid)
            for moved in (records, [replace(record, partition=1) for record in records])
        ]
    finally:
        await editor.dispose()
        await writer.dispose()
    return first, again


async def _spent(action: Callable[[], Awaitable[None]], server_pid: int) -> Spent:
    begun = time.perf_counter(), time.process_time(), _processor_s(server_pid)
    await action()
    return Spent(
        wall_s=time.perf_counter() - begun[0],
        ours_s=time.process_time() - begun[1],
        server_s=_processor_s(server_pid) - begun[2],
    )


def _processor_s(pid: int) -> float:
    """Processor time of another process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


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
