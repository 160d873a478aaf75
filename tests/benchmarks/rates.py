"""The statistics: replay through the core, one live update, growth, and the whole Faust service
next to the same windows made with Faust's own tables.
"""

import asyncio
import tempfile
import tracemalloc
from pathlib import Path

from libs.crystallography.advice import Adviser
from libs.crystallography.rates import JobStatistics
from libs.local_stack import LocalStack, Memory, MetricsPorts, Ports, StackSettings
from libs.messages import FramesProcessed, RatesUpdated
from libs.streams import KafkaSink
from tests.benchmarks.parts.example_frames import example_messages
from tests.benchmarks.parts.faust_tables import frames_per_s_with_tables
from tests.benchmarks.parts.ratios import cpu_s, show
from tests.crystallography.rates.builders import JOB, RUN
from tests.stats_aggregator.builders import facts_of, job
from tests.stats_aggregator.process import AggregatorProcess, all_rates, until, until_final

CORE_GOAL, SERVICE_GOAL, UPDATES_GOAL = 200_000, 50_000, 200
TOGETHER = 20
"""Messages that are counted at once, as the service does it."""
N_SERVICE, N_TABLES = 400_000, 10_000


def main() -> None:
    """Print the ratios."""
    messages = example_messages(100_000)
    _core(messages)
    _update(messages)
    _growth(messages)
    del messages
    _service()


def _core(messages: list[FramesProcessed]) -> None:
    ours = 100_000 / cpu_s(lambda: _counted(messages))
    show("replay through the core", "frames/s/core", ours, CORE_GOAL, "goal", 1.0)


def _counted(messages: list[FramesProcessed]) -> JobStatistics:
    statistics = JobStatistics()
    for start in range(0, len(messages), TOGETHER):
        statistics.upsert_all(messages[start : start + TOGETHER])
    return statistics


def _update(messages: list[FramesProcessed]) -> None:
    statistics, adviser = _counted(messages[:-50]), Adviser()
    adviser.update(statistics)
    rest = iter(messages[-50:])

    def update() -> None:
        statistics.upsert(next(rest))
        statistics.summary()
        statistics.live_windows()
        adviser.update(statistics)

    ours = 1 / cpu_s(update, repeats=40)
    show("live update at 100,000 frames", "updates/s", ours, UPDATES_GOAL, "goal of 5 ms", 1.0)


def _growth(messages: list[FramesProcessed]) -> None:
    """The same frames again and again under new numbers: what a long run costs per frame."""
    small = 10_000
    costs, sizes = {}, {}
    template = _counted(messages).columns.rows.copy()
    for n in (10_000, 100_000, 1_000_000):
        parts = [template[: min(n, 100_000)].copy() for _ in range(max(1, n // 100_000))]
        for number, part in enumerate(parts):
            part["frame"] += number * 100_000
            part["ts_us"] += number * 3_333_300_000

        def feed(parts: list[object] = parts) -> JobStatistics:
            statistics = JobStatistics()
            for part in parts:
                for start in range(0, len(part), 2000):  # type: ignore[arg-type]
                    statistics.upsert_rows(part[start : start + 2000])  # type: ignore[index]
            return statistics

        costs[n] = n / cpu_s(feed, repeats=2)
        tracemalloc.start()
        kept = feed()
        sizes[n] = tracemalloc.get_traced_memory()[0] / n
        tracemalloc.stop()
        del kept
    for n in (100_000, 1_000_000):
        show(f"rows/s at {n:,} frames", "rows/s", costs[n], costs[small], "at 10,000 frames", 0.5)
        ours, theirs = 1000 / sizes[n], 1000 / sizes[small]
        show(f"frames per KB at {n:,} frames", "/KB", ours, theirs, "at 10,000 frames", 0.5)


def _service() -> None:
    free = Ports(
        **dict.fromkeys(Ports.model_fields.keys() - {"metrics"}, 0),
        metrics=MetricsPorts(**dict.fromkeys(MetricsPorts.model_fields, 0)),
    )
    memory = Memory(kafka_heap_min_mb=128, kafka_heap_max_mb=512, mariadb_buffer_mb=32)
    settings = StackSettings(ports=free, memory=memory)
    with tempfile.TemporaryDirectory(prefix="stillstream-bench-") as folder:
        stack = LocalStack(
            Path(folder), settings=settings, services=[], infrastructure=["kafka"], bound=True
        )
        stack.up()
        try:
            broker = stack.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
            ours, ours_per_cpu = asyncio.run(_service_rates(broker, Path(folder)))
            theirs = frames_per_s_with_tables(broker, N_TABLES)
        finally:
            stack.down()
    show("whole service", "frames/s", ours, SERVICE_GOAL, "goal", 1.0)
    show("whole service, processor time", "frames/s/core", ours_per_cpu, SERVICE_GOAL, "goal", 1.0)
    show("whole service", "frames/s", ours, theirs, "windows in Faust tables", 10.0)


async def _service_rates(broker: str, folder: Path) -> tuple[float, float]:
    """Frames per second, and per second of its processor time, while it works off a backlog."""
    async with KafkaSink(broker) as sink:
        await sink.publish([job(), *facts_of(RUN, N_SERVICE)])
        for first in range(0, N_SERVICE, 50_000):
            await sink.publish(example_messages(50_000, first_frame=first))
    with AggregatorProcess(broker, folder, checkpoint_s=5.0) as process:
        started_s = 0.0
        before: list[RatesUpdated] = []

        async def has_begun() -> bool:
            nonlocal started_s, before
            started_s, before = process.cpu_s, await all_rates(broker, JOB)
            return len(before) > 0

        await until(has_begun, "the first rates")
        last = (await until_final(broker, [JOB]))[JOB]
        took_s = process.cpu_s - started_s
        first = (await all_rates(broker, JOB))[0]
    wall_s = (last.updated_us - first.updated_us) / 1e6
    return (
        (last.summary.n_processed - first.summary.n_processed) / wall_s,
        (last.summary.n_processed - before[-1].summary.n_processed) / took_s,
    )


if __name__ == "__main__":
    main()
