"""The frame processor's own metrics."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from libs.messages import FrameResult, Message
from libs.messages.topics import BY_MESSAGE
from libs.service_kit.metrics import MESSAGES_TOTAL

NAME = "frame_processor"

FRAMES_TOTAL = Counter(
    "stillstream_frames_processed_total", "Frames with a result, by outcome", ["outcome"]
)
FRAME_SECONDS = Histogram(
    "stillstream_frame_seconds",
    "Time that one frame takes in each step",
    ["step"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 10, 20, 60),
)
WORKERS_ALIVE = Gauge(
    "stillstream_workers_alive", "Worker processes that run (fast, slow, reference)", ["pool"]
)
WORKERS_REPLACED = Gauge(
    "stillstream_workers_replaced",
    "Workers replaced since start: crashed, killed or grown",
    ["pool"],
)
FRAMES_WAITING = Gauge(
    "stillstream_frames_in_flight", "Frames taken that have no result yet", ["topic"]
)
CHUNKS_SKIPPED_TOTAL = Counter(
    "stillstream_chunks_skipped_total", "Chunks of stopped or deleted jobs and older attempts"
)
REFERENCE_FRAMES_TOTAL = Counter(
    "stillstream_reference_frames_total", "Frames of the reference sample with a result"
)
REFERENCE_WAITING = Gauge(
    "stillstream_reference_chunks_waiting", "Chunks of the reference sample that nobody took yet"
)
ARCHIVE_FAILURES_TOTAL = Counter(
    "stillstream_archive_failures_total", "Chunks whose DIALS files could not be written"
)


def observe_published(*messages: Message) -> None:
    """Count what was given to other services."""
    for message in messages:
        MESSAGES_TOTAL.labels(NAME, BY_MESSAGE[type(message)].name, "out").inc()


def observe(results: Iterable[FrameResult]) -> None:
    """Count results."""
    for result in results:
        _observe(result)


def _observe(result: FrameResult) -> None:
    FRAMES_TOTAL.labels(result.outcome.value).inc()
    for step in result.timings_ms.__struct_fields__:
        milliseconds = getattr(result.timings_ms, step)
        if milliseconds is not None:
            FRAME_SECONDS.labels(step).observe(milliseconds / 1000.0)
