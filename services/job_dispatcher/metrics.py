"""What the dispatcher shows to Prometheus besides what every service shows."""

from prometheus_client import Counter, Gauge

CHUNKS_TOTAL = Counter("stillstream_dispatcher_chunks_total", "Chunks published", ["topic"])
FRAMES_TOTAL = Counter("stillstream_dispatcher_frames_total", "Frames sent out as work", ["topic"])
CHANGES_TOTAL = Counter(
    "stillstream_dispatcher_job_changes_total", "Changes of jobs announced", ["state"]
)
PENDING_RUNS = Gauge(
    "stillstream_dispatcher_pending_runs", "Runs without a job: no active trial takes them"
)
LANE_FALLBACKS_TOTAL = Counter(
    "stillstream_dispatcher_lane_fallbacks_total",
    "Jobs made in the dials lane because the fast one cannot honour a setting, by what was asked",
    ["asked"],
)
RECIPE_ERRORS = Gauge(
    "stillstream_dispatcher_recipe_errors", "Trials with run groups that give no recipe at present"
)
INDEX_FRACTION = Gauge(
    "stillstream_index_fraction",
    "Fraction of a lane's live frames sent out now that are indexed",
    ["lane"],
)
WORK_WAITED = Gauge(
    "stillstream_work_waited_seconds",
    "How long a lane's live work finished last had waited to be taken",
    ["lane"],
)
