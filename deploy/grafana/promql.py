"""The PromQL of the dashboard. Text only; tests compare the names with what the services export."""

RATES = (
    ("solvent", "Solvent", "green"),
    ("hit", "Hits", "super-light-blue"),
    ("indexing", "Indexing", "blue"),
    ("indexing_success", "Indexing success", "purple"),
    ("multi_lattice", "Multi-lattice", "#e040e0"),
    ("high_quality", "High quality", "yellow"),
)
CURRENT_RUN = "stillstream_run_info"
FRAMES_WAITING = 'sum(stillstream_frames{kind="waiting"})'
PRELIMINARY = "max(stillstream_rates_preliminary)"
EVENT_AGE = 'max(stillstream_event_age_seconds{service="stats_aggregator"})'
BAD_MESSAGES = "sum(stillstream_bad_messages_total)"
SERVICES_UP = 'sum(up{job="stillstream"})'
RESULTS_PER_SECOND = "sum(rate(stillstream_frame_written_to_result_seconds_count[10s]))"
ANNOUNCED_PER_SECOND = "sum(rate(stillstream_discovery_frames_announced_total[10s]))"
LAG = "sum by (service, topic) (stillstream_lag_messages)"
INDEX_FRACTION = "min by (lane) (stillstream_index_fraction)"
AGES = "max by (service) (stillstream_event_age_seconds)"
HEALTH = "max by (service) (stillstream_healthy)"
UP = 'max by (process) (up{job="stillstream"})'
STEP = "histogram_quantile(0.95, sum by (le, service) (rate(stillstream_step_seconds_bucket[30s])))"


def rate(name: str, window: str, bound: str = "value") -> str:
    """One of the six rates; `bound` is value, low or high."""
    return f'stillstream_rate{{rate="{name}",window="{window}",bound="{bound}"}}'


def stage_quantile(quantile: float) -> str:
    """How long frames took from one stage to the next, over the last 30 s."""
    return (
        f"histogram_quantile({quantile:g}, "
        "sum by (le, stage) (rate(stillstream_stage_seconds_bucket[30s])))"
    )


def result_quantile(quantile: float) -> str:
    """How long frames took from the file to the result, over the last 30 s."""
    return (
        f"histogram_quantile({quantile:g}, "
        "sum by (le) (rate(stillstream_frame_written_to_result_seconds_bucket[30s])))"
    )
