"""The frame processor on a real broker against its own pool of workers: the same simulated frames.

All work is published beforehand; the service's rate runs from an early result to the last one, by
the time stamps of the results. The bare pool is measured before and after it, on the same files.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from libs.diffraction import FramePool
from libs.diffraction.tasks import FrameTask
from libs.local_stack import LocalStack, Memory, MetricsPorts, Ports, StackSettings
from libs.messages import (
    FrameNumber,
    FrameResult,
    FrameSpan,
    FramesProcessed,
    FramesToProcess,
    Lane,
    Outcome,
    Recipe,
    job_id,
    run_id,
)
from libs.messages.topics import FRAMES, WORK_LIVE
from libs.simulation import RunRequest, read_frame_truths, simulate_run
from libs.streams import KafkaSink, decode_record, read_whole
from tests.benchmarks.parts.processing_cases import SIMULATED_PHIL
from tests.benchmarks.parts.ratios import show

FRAMES_SIMULATED, CHUNK_FRAMES, CHUNKS = 24, 4, 150
"""Chunks as the dispatcher makes them; each file is processed again and again."""
WARM_UP, GOAL, PATIENCE_S = 40, 0.9, 120.0
RECIPE = Recipe(phil=SIMULATED_PHIL, d_min_angstrom=2.0, lane=Lane.FAST)


def main() -> None:
    """With one worker, so that broker and service have a core of two; with all cores as well."""
    free = Ports(
        **dict.fromkeys(Ports.model_fields.keys() - {"metrics"}, 0),
        metrics=MetricsPorts(**dict.fromkeys(MetricsPorts.model_fields, 0)),
    )
    memory = Memory(kafka_heap_min_mb=128, kafka_heap_max_mb=512, mariadb_buffer_mb=32)
    settings = StackSettings(ports=free, memory=memory)
    with tempfile.TemporaryDirectory(prefix="stillstream-bench-") as name:
        folder = Path(name)
        spans = _spans(folder / "frames")
        stack = LocalStack(
            folder / "stack", settings=settings, services=[], infrastructure=["kafka"], bound=True
        )
        stack.up()
        try:
            broker = stack.env()["STILLSTREAM_KAFKA__BOOTSTRAP"]
            for workers in sorted({1, os.cpu_count() or 1}):
                _compare(broker, spans, workers, folder / f"{workers}.log")
        finally:
            stack.down()


def _compare(broker: str, spans: list[FrameSpan], workers: int, log: Path) -> None:
    work = _work(spans, workers)
    before = _pool_rate(work, workers)
    ours = asyncio.run(_service_rate(broker, work, workers, log))
    pool = statistics.mean([before, _pool_rate(work, workers)])
    what = f"frames through the broker, {workers} workers"
    show(what, "frames/s", ours, pool, "bare FramePool", GOAL if workers == 1 else 0.0)


def _spans(folder: Path) -> list[FrameSpan]:
    """Chunks' worth of neighbours in one file."""
    request = RunRequest(out=folder, scenario="steady", frames=FRAMES_SIMULATED, seed=3)
    run = folder / simulate_run(request).run
    truths = list(read_frame_truths(run))
    groups = [truths[k : k + CHUNK_FRAMES] for k in range(0, len(truths), CHUNK_FRAMES)]
    return [
        FrameSpan(
            file=str(run / group[0].file),
            first_index=group[0].index_in_file,
            first_frame=FrameNumber(0),
            count=len(group),
            written_us=1,
        )
        for group in groups
        if len({truth.file for truth in group}) == 1
    ]


def _work(spans: list[FrameSpan], workers: int) -> list[FramesToProcess]:
    run = run_id("bench", f"workers{workers}", "0001", 1)
    return [
        FramesToProcess(
            job=job_id(run, 0, 0),
            attempt=1,
            chunk=number,
            run=run,
            spans=(
                FrameSpan(
                    file=span.file,
                    first_index=span.first_index,
                    first_frame=FrameNumber(number * CHUNK_FRAMES),
                    count=span.count,
                    written_us=1,
                ),
            ),
            recipe=RECIPE,
            run_started_us=1,
            announced_us=2,
            dispatched_us=3,
        )
        for number in range(CHUNKS)
        for span in [spans[number % len(spans)]]
    ]


def _pool_rate(work: list[FramesToProcess], workers: int) -> float:
    tasks = [
        FrameTask(
            job=chunk.job, attempt=1, run=chunk.run, file=span.file, recipe=RECIPE,
            frame=FrameNumber(span.first_frame + k), index_in_file=span.first_index + k,
        )
        for chunk in work
        for span in chunk.spans
        for k in range(span.count)
    ]  # fmt: skip
    with FramePool(workers) as pool, ThreadPoolExecutor(2 * workers) as threads:
        list(threads.map(pool.process, tasks[:WARM_UP]))
        started = time.perf_counter()
        replies = list(threads.map(pool.process, tasks[WARM_UP:]))
        took_s = time.perf_counter() - started
    _check([reply.result for reply in replies])
    return len(replies) / took_s


async def _service_rate(broker: str, work: list[FramesToProcess], workers: int, log: Path) -> float:
    async with KafkaSink(broker) as sink:
        await sink.publish(work, topic=WORK_LIVE)
    with _service(broker, workers, log):
        done = await _results(broker, work)
    _check(done)
    ended_s = sorted(frame.stages_us.done / 1e6 for frame in done if frame.stages_us)
    return (len(ended_s) - WARM_UP) / (ended_s[-1] - ended_s[WARM_UP - 1])


@contextmanager
def _service(broker: str, workers: int, log: Path) -> Iterator[None]:
    own = {"STILLSTREAM_KAFKA__BOOTSTRAP": broker, "STILLSTREAM_WORKERS": str(workers)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.frame_processor"],
            env=os.environ | own, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


async def _results(broker: str, work: list[FramesToProcess]) -> list[FrameResult]:
    """Every frame's result; asked for seldom, since asking takes a core's time too."""
    n = sum(span.count for chunk in work for span in chunk.spans)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        messages = [decode_record(r) for r in await read_whole(broker, FRAMES)]
        found = {
            frame.frame: frame
            for message in messages
            if isinstance(message, FramesProcessed) and message.job == work[0].job
            for frame in message.frames
        }
        if len(found) == n:
            return list(found.values())
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(found)} of {n} frames have a result: see the service's log")
        await asyncio.sleep(2.0)


def _check(results: list[FrameResult]) -> None:
    if any(result.outcome is not Outcome.PROCESSED for result in results):
        raise RuntimeError("a frame was not processed")


if __name__ == "__main__":
    main()
