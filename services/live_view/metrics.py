"""What Prometheus is told of the page."""

from prometheus_client import Counter, Gauge, Histogram

RESULT_TO_PAGE = Histogram(
    "stillstream_result_to_page_seconds",
    "From a frame's result (done) to the first answer that carries it to an open page",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
READERS = Gauge("stillstream_page_readers", "Pages that listen to events")
JOBS_HELD = Gauge("stillstream_page_jobs_held", "Jobs whose columns are in memory")
REQUESTS_TOTAL = Counter("stillstream_page_requests_total", "Requests by status", ["status"])
