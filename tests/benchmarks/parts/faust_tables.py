"""The peer of the service: the same counts in windows of Faust's own tables, in memory.

Three tumbling windows of event time, which is less than the trailing ones of ours; one write for
each class that a frame belongs to.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.messages import FrameResult, FramesProcessed, decode
from libs.messages.topics import FRAMES
from libs.streams import KafkaSink
from tests.benchmarks.parts.example_frames import example_messages

WIDTHS_S = (10.0, 60.0, 600.0)
EXPIRES_S = 1e9
APP = "faust-tables"


def frames_per_s_with_tables(broker: str, n_frames: int) -> float:
    """Frames a second, from the first event to the last one, in a process of its own."""
    asyncio.run(_publish(broker, n_frames))
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.parts.faust_tables", broker, str(n_frames)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=90,
    )
    return float(done.stdout.split()[-1])


async def _publish(broker: str, n_frames: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    names = [f"{APP}-window-{width:.0f}-changelog" for width in WIDTHS_S]
    await admin.create_topics([NewTopic(name, FRAMES.partitions, 1) for name in names])
    await admin.close()
    async with KafkaSink(broker) as sink:
        await sink.publish(example_messages(n_frames, job=PEER_JOB))


PEER_JOB: Any = "common/beam/peer/v1/t001/g001"


def main(broker: str, n_frames: int) -> None:
    """Count until all frames are there, then print the rate and end."""
    app = faust.App(
        APP,
        broker=f"kafka://{broker}",
        store="memory://",
        datadir=tempfile.mkdtemp(prefix="stillstream-faust-"),
        web_enabled=False,
        autodiscover=False,
        topic_partitions=FRAMES.partitions,
        consumer_auto_offset_reset="earliest",
    )
    topic = app.topic(FRAMES.name, value_serializer="raw", key_serializer="raw")
    tables = [
        app.Table(f"window-{width:.0f}", default=int, partitions=FRAMES.partitions).tumbling(
            width, expires=EXPIRES_S
        )
        for width in WIDTHS_S
    ]
    state = {"seen": 0, "started": 0.0}

    @app.agent(topic)
    async def count(stream: Any) -> None:
        async for payload in stream:
            message = decode(FRAMES, payload)
            if not isinstance(message, FramesProcessed) or message.job != PEER_JOB:
                continue
            state["started"] = state["started"] or time.monotonic()
            for frame in message.frames:
                for table in tables:
                    for name in classes(frame):
                        table[name] += 1
            state["seen"] += len(message.frames)
            if state["seen"] >= n_frames:
                print(f"\n{state['seen'] / (time.monotonic() - state['started'])}", flush=True)
                os._exit(0)

    faust.Worker(
        app, loglevel="ERROR", quiet=True, redirect_stdouts=False
    ).execute_from_commandline()


def classes(frame: FrameResult) -> list[str]:
    """The counts that a frame adds to."""
    found = ["processed"]
    if (frame.solvent_ratio or 0) >= 1:
        found.append("solvent")
    if frame.n_strong >= 40:
        found.append("hits")
    if frame.lattices:
        found.append("indexed")
    if len(frame.lattices) > 1:
        found.append("multi_lattice")
    if (frame.d_min_contiguous or 99) <= 2.5:
        found.append("high_quality")
    return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
