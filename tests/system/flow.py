"""Results that flow through the real aggregator and the real sink, and what is done to these.

No image is read: the frames are made (tests/benchmarks/parts/example_frames.py), four runs at once,
and every batch is followed by a message that makes no sense.
"""

import asyncio
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs import messages as m
from libs.catalogue import in_transaction, open_engine
from libs.catalogue.jobs import ensure_job
from libs.catalogue.recipes import recipe_of
from libs.catalogue.runs import ensure_run
from libs.crystallography.rates import JobStatistics
from libs.local_stack import LocalStack
from libs.messages.topics import DEAD_LETTERS, FRAMES
from libs.streams import KafkaSink, Record, decode_record, read_whole
from tests.benchmarks.parts.example_frames import example_messages
from tests.catalogue import builders
from tests.contracts.hostile_wire import hostile_payloads
from tests.database_server import DatabaseServer
from tests.messages.examples import EXAMPLES
from tests.stats_aggregator.builders import job
from tests.system.beamtime import wait_for

SOURCE, EXPERIMENT = "flow", "systest"
VICTIMS = ("stats_aggregator", "database_sink")
RUNS_AT_ONCE, FRAMES_PER_MESSAGE = 4, 100
POISON = tuple(
    hostile_payloads(next(e for e in EXAMPLES if isinstance(e, m.FramesProcessed))).values()
)


class FlowRun:
    """A run of made-up results, in frame order; the same seed gives the same results."""

    def __init__(self, number: str, n_frames: int, seed: int) -> None:
        self.number, self.n_frames, self._seed = number, n_frames, seed
        self.run = m.run_id(EXPERIMENT, SOURCE, number, 1)
        self.job = m.job_id(self.run, 1, 1)

    @cached_property
    def messages(self) -> tuple[m.FramesProcessed, ...]:
        """All results, a hundred to a message."""
        made = example_messages(
            self.n_frames, job=self.job, first_frame=self._first, per_message=FRAMES_PER_MESSAGE
        )
        return tuple(msgspec.structs.replace(message, run=self.run) for message in made)

    def facts(self) -> list[m.Message]:
        """What discovery and dispatcher say before the first result."""
        span = m.FrameSpan(
            file="f",
            first_index=0,
            first_frame=m.FrameNumber(self._first),
            count=self.n_frames,
            written_us=builders.NOW,
        )
        return [
            builders.started(self.run),
            job(job=self.job, run=self.run, experiment=EXPERIMENT),
            m.FramesArrived(run=self.run, sequence=0, spans=(span,), announced_us=builders.NOW),
        ]

    def end(self) -> m.RunEnded:
        """What discovery says after the last frame."""
        return m.RunEnded(
            run=self.run, n_frames=self.n_frames, reason="", announced_us=builders.NOW
        )

    def counted(self) -> m.StatisticsBar:
        """The statistics bar by the pure core alone."""
        statistics = JobStatistics()
        for message in self.messages:
            statistics.upsert(message)
        return statistics.summary()

    @property
    def _first(self) -> int:
        return 1_000_000 * self._seed


def some_runs(name: str, n_frames: int) -> list[FlowRun]:
    """Runs that share so many frames."""
    each = n_frames // RUNS_AT_ONCE
    return [FlowRun(f"{name}{n}", each, seed=n) for n in range(RUNS_AT_ONCE)]


class Flow:
    """One stack that counts and stores, and what is fed to it."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.bootstrap = stack.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
        self.n_poison = 0
        self._has_trial = False

    async def register(self, runs: Sequence[FlowRun]) -> None:
        """Rows of the runs and their jobs, as the dispatcher makes them before it sends work."""
        engine = self._editor()
        try:
            if not self._has_trial:
                assert await builders.add_trial(engine) == (1, 1)
            self._has_trial = True
            for run in runs:
                await in_transaction(engine, lambda c, run=run: _add_job(c, run))  # type: ignore[misc]
        finally:
            await engine.dispose()

    async def feed(self, runs: Sequence[FlowRun], *, gap_s: float = 0.0) -> None:
        """All messages of the runs, one of each in turn, poison after every one."""
        poison = itertools.cycle(POISON)
        async with KafkaSink(self.bootstrap) as sink:
            await sink.publish([fact for run in runs for fact in run.facts()])
            for messages in zip(*(run.messages for run in runs), strict=True):
                for message in messages:
                    await sink.publish([message])
                    await sink.publish_records([_record(message, next(poison))])
                    self.n_poison += 1
                    await asyncio.sleep(gap_s)
            await sink.publish([run.end() for run in runs])

    async def rejected(self) -> Mapping[str, set[tuple[int, int]]]:
        """By service, where in `frames` lie the messages that it put away (it may do so twice)."""
        letters = [decode_record(r) for r in await read_whole(self.bootstrap, DEAD_LETTERS)]
        places: dict[str, set[tuple[int, int]]] = {name: set() for name in VICTIMS}
        for letter in letters:
            if isinstance(letter, m.MessageRejected) and letter.topic == FRAMES.name:
                places[letter.service].add((letter.partition, letter.offset))
        return places

    def _editor(self) -> AsyncEngine:
        server = DatabaseServer(
            port=self.stack.ports.mariadb,
            secrets=self.stack.paths.secrets,
            socket=self.stack.paths.sockets / "mariadb.sock",
        )
        return open_engine(server.url("editor"))


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """Kills at random moments of aggregator and sink; database and broker away in between."""

    kills: int
    longest_pause_s: float
    away_s: float
    seed: int

    def moments(self) -> Iterator[tuple[float, str]]:
        """Seconds to wait, and who is killed then."""
        chance = random.Random(self.seed)
        for _ in range(self.kills):
            yield chance.uniform(0.0, self.longest_pause_s), chance.choice(VICTIMS)

    async def befall(self, stack: LocalStack) -> list[str]:
        """Do it; gives who was killed, in order."""
        killed, _ = await asyncio.gather(self._kill(stack), self._take_away(stack))
        return killed

    async def _kill(self, stack: LocalStack) -> list[str]:
        killed = []
        for pause_s, victim in self.moments():
            await asyncio.sleep(pause_s)
            await asyncio.to_thread(_kill_when_it_runs, stack, victim)
            killed.append(victim)
        return killed

    async def _take_away(self, stack: LocalStack) -> None:
        for name, away_s in (("mariadb", self.away_s), ("kafka", 0.0)):
            await asyncio.sleep(self.kills * self.longest_pause_s / 8)
            await asyncio.to_thread(stack.stop, name)
            await asyncio.sleep(away_s)
            await asyncio.to_thread(stack.start, name)


def _kill_when_it_runs(stack: LocalStack, victim: str) -> None:
    wait_for(victim, lambda: stack.states()[victim].pid > 0)
    stack.kill(victim)


def _record(message: m.FramesProcessed, value: bytes | None) -> Record:
    """A payload beside a good message: same topic, same key, same partition."""
    return Record(topic=FRAMES.name, partition=0, offset=0, key=message.job.encode(), value=value)


async def _add_job(connection: AsyncConnection, run: FlowRun) -> Any:
    await ensure_run(connection, builders.started(run.run))
    return await ensure_job(
        connection,
        run=run.run,
        trial=1,
        run_group=1,
        recipe=recipe_of(builders.TRIAL, builders.GROUP),
        live_from_us=builders.NOW,
        now_us=builders.NOW,
    )
