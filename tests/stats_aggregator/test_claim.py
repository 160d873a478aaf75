"""Two processes under one name: the second one says so, waits, and takes over."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.stats_aggregator.claim import INSTANCE_TAKEN, SAY_EVERY_S, Claim
from tests.stats_aggregator.process import AggregatorProcess, until

NOBODY = "127.0.0.1:1"
TAKEN = 'stillstream_instance_taken{service="stats_aggregator"}'


def claim(folder: Path, name: str = "one", bootstrap: str = NOBODY) -> Claim:
    return Claim("stats_aggregator", name, bootstrap, folder)


def test_a_name_belongs_to_one_until_it_is_released(tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path)
    assert first.holder() is None
    assert (second.holder() or "").startswith("pid ")
    first.release()
    assert second.holder() is None


def test_other_names_and_other_brokers_are_free(tmp_path: Path) -> None:
    held = [claim(tmp_path), claim(tmp_path, "two"), claim(tmp_path, bootstrap="127.0.0.1:2")]
    assert [one.holder() for one in held] == [None, None, None]


def test_who_waits_says_so_once_a_minute(tmp_path: Path) -> None:
    first, slept = claim(tmp_path), []
    first.holder()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) >= 2 * SAY_EVERY_S:
            first.release()

    with capture_logs() as logs:
        claim(tmp_path).wait(sleep)
    told = [entry for entry in logs if entry["event"] == "instance_taken"]
    assert [entry["waited_s"] for entry in told] == [0, 60]
    assert told[0]["taken_by"] == told[0]["waiting"]
    assert "STILLSTREAM_INSTANCE" in told[0]["action"]


def test_where_no_file_can_be_written_the_service_starts_all_the_same(tmp_path: Path) -> None:
    with capture_logs() as logs:
        claim(tmp_path / "nowhere").wait()
    assert [entry["event"] for entry in logs] == ["instance_not_claimed", "instance_claimed"]
    assert INSTANCE_TAKEN.labels("stats_aggregator")._value.get() == 0


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """Takes connections and never answers: a process goes on trying."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        host, port = server.getsockname()
        yield f"{host}:{port}"


@pytest.mark.system
async def test_a_second_process_waits_for_the_first_to_be_killed(
    silent_broker: str, tmp_path: Path
) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    with AggregatorProcess(silent_broker, folders[0]) as first:
        await until(lambda: _logged(first, "instance_claimed"), "the first one")
        with AggregatorProcess(silent_broker, folders[1]) as second:
            await until(lambda: _logged(second, "instance_taken"), "the second one's complaint")
            assert f"pid {first.pid} on" in _entry(second, "instance_taken")["taken_by"]
            assert await asyncio.to_thread(second.metric, TAKEN) == 1
            first.kill()
            await until(lambda: _logged(second, "instance_claimed"), "the second one's turn")


async def _logged(process: AggregatorProcess, event: str) -> bool:
    return f'"{event}"' in process.log


def _entry(process: AggregatorProcess, event: str) -> dict[str, str]:
    lines = [line for line in process.log.splitlines() if f'"{event}"' in line]
    entry: dict[str, str] = json.loads(lines[0])
    return entry
