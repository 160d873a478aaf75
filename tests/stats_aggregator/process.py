"""The real service as a process, and what it wrote, for system tests."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from libs.messages import JobId, RatesUpdated
from libs.messages.topics import RATES
from libs.streams import read_whole
from tests.streams.readable import readable

PATIENCE_S = 240.0


class AggregatorProcess:
    """`python -m services.stats_aggregator` on a broker, with short intervals."""

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        *,
        checkpoint_s: float = 0.3,
        condense_after_s: float = 120.0,
        name: str = "aggregator",
    ) -> None:
        self._log = folder / f"{name}.log"
        self._environment = os.environ | {
            "STILLSTREAM_KAFKA__BOOTSTRAP": bootstrap,
            "STILLSTREAM_CHECKPOINT_INTERVAL_S": str(checkpoint_s),
            "STILLSTREAM_CONDENSE_AFTER_S": str(condense_after_s),
            "STILLSTREAM_INSTANCE": name,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.stats_aggregator"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: it knows nothing of what happens meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process is not None
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        assert self._process is not None
        return self._process.poll()

    @property
    def rss_mb(self) -> float:
        """Its resident memory."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    @property
    def cpu_s(self) -> float:
        """The processor time that it took until now, of all its threads."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=PATIENCE_S)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def metric(self, name: str) -> float | None:
        """A sample by its name with labels, as Prometheus would scrape it from the last start."""
        started = [line for line in self.log.splitlines() if "metrics_port" in line]
        port = int(started[-1].split('"metrics_port": ')[1].split(",")[0].rstrip("}"))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " ")]
        return values[0] if values else None


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}")
        await asyncio.sleep(0.1)


async def all_rates(bootstrap: str, job: JobId) -> list[RatesUpdated]:
    """Everything ever published about a job, in order."""
    messages = readable(r for r in await read_whole(bootstrap, RATES) if r.value)
    return [m for m in messages if isinstance(m, RatesUpdated) and m.job == job]


async def until_final(bootstrap: str, jobs: Sequence[JobId]) -> dict[JobId, RatesUpdated]:
    """Wait until the rates of these jobs are no longer preliminary."""
    last: dict[JobId, RatesUpdated] = {}

    async def are_final() -> bool:
        for job in jobs:
            published = await all_rates(bootstrap, job)
            if published:
                last[job] = published[-1]
        return len(last) == len(jobs) and not any(r.preliminary for r in last.values())

    await until(are_final, f"final rates of {len(jobs)} jobs")
    return last
