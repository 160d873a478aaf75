"""What the sink shows to Prometheus besides what every service shows."""

from prometheus_client import Counter, Histogram

ROWS_TOTAL = Counter(
    "stillstream_sink_rows_total", "Rows written (inserted or replaced)", ["table"]
)
SKIPPED_TOTAL = Counter(
    "stillstream_sink_skipped_total",
    "Results of deleted jobs, arrivals of unknown runs: not written",
)
KNOWN_TOTAL = Counter(
    "stillstream_sink_known_total",
    "Results that were stored already, or lost against a stored one: not written",
)
NOT_WRITTEN = {"skipped": SKIPPED_TOTAL, "known": KNOWN_TOTAL}
TRANSACTIONS_TOTAL = Counter("stillstream_sink_transactions_total", "Committed transactions")
TRANSACTION_SECONDS = Histogram(
    "stillstream_sink_transaction_seconds",
    "From the first statement to the commit, waiting for the database included",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
RETRIES_TOTAL = Counter(
    "stillstream_sink_retries_total", "Transactions repeated, by reason", ["reason"]
)
