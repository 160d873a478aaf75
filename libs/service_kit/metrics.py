"""The Prometheus metrics that every service has, and the server that shows them."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from libs.service_kit.settings import MetricsSettings
from libs.streams import BAD_MESSAGES_TOTAL, TopicPartition

LATENCY_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900)

MESSAGES_TOTAL = Counter(
    "stillstream_messages_total", "Messages taken and given", ["service", "topic", "direction"]
)
LAG_MESSAGES = Gauge("stillstream_lag_messages", "Records not yet polled", ["service", "topic"])
EVENT_AGE_SECONDS = Gauge(
    "stillstream_event_age_seconds", "Age of the newest event seen (now - event time)", ["service"]
)
HEALTHY = Gauge("stillstream_healthy", "1 while the service's loop turns", ["service"])
STEP_SECONDS = Histogram(
    "stillstream_step_seconds", "Duration of one turn of the loop", ["service"],
    buckets=LATENCY_BUCKETS_S,
)  # fmt: skip
STAGE_SECONDS = Histogram(
    "stillstream_stage_seconds",
    "How long a lane's frames took from one stage to the next",
    ["stage", "lane"],
    buckets=LATENCY_BUCKETS_S,
)

__all__ = [
    "BAD_MESSAGES_TOTAL",
    "EVENT_AGE_SECONDS",
    "HEALTHY",
    "LAG_MESSAGES",
    "LATENCY_BUCKETS_S",
    "MESSAGES_TOTAL",
    "STAGE_SECONDS",
    "STEP_SECONDS",
    "show_lag",
    "start_metrics_server",
]


def start_metrics_server(settings: MetricsSettings) -> int:
    """Serve /metrics; gives the port (useful when it was 0)."""
    server, _ = start_http_server(settings.port, addr=settings.host)
    return int(server.server_port)


def show_lag(service: str, lag: Mapping[TopicPartition, int]) -> None:
    """Sum the lag of partitions into one gauge per topic."""
    totals: dict[str, int] = {}
    for (topic, _), records in lag.items():
        totals[topic] = totals.get(topic, 0) + records
    for topic, records in totals.items():
        LAG_MESSAGES.labels(service, topic).set(records)
