"""What Prometheus is told of the discovery."""

from prometheus_client import Counter, Gauge, Histogram

RUNS_OPEN = Gauge("stillstream_discovery_runs_open", "Runs that have not ended", ["source"])
FRAMES_ANNOUNCED_TOTAL = Counter(
    "stillstream_discovery_frames_announced_total", "Frames announced", ["source"]
)
SCAN_SECONDS = Histogram(
    "stillstream_discovery_scan_seconds",
    "Duration of one look at a source's folder",
    ["source"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
PROBLEMS = Gauge(
    "stillstream_discovery_problems",
    "Folders and files that cannot be looked at, or whose names cannot be used, at the last look",
    ["source"],
)
