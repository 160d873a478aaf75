"""What the adapter shows to Prometheus besides what every service shows."""

from prometheus_client import Counter, Gauge

NAME = "external_adapter"
FRAMES_TOTAL = Counter(
    "stillstream_external_frames_total", "Results of other systems published", ["source"]
)
PARKED = Gauge(
    "stillstream_external_parked", "Messages that wait for a job of their run", ["source"]
)
