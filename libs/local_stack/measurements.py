"""What Prometheus knows of the services: health, lag, freshness, throughput, latency.

The metrics are made in libs/service_kit and in the services; this only asks for them.
"""

import json
import math
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from libs.local_stack.errors import LocalStackError
from libs.local_stack.probes import page

QUANTILES = {"median": 0.5, "p95": 0.95}
LATENCY_WINDOW = "10m"
RATE_WINDOW = "30s"
AGREEMENT = {
    "value": 'max(stillstream_agreement{bound="value"})',
    "low": 'max(stillstream_agreement{bound="low"})',
    "high": 'max(stillstream_agreement{bound="high"})',
    "frames": "sum(stillstream_agreement_frames)",
    "waiting": "max(stillstream_reference_chunks_waiting)",
}
INDEX_FRACTION = "min by (lane) (stillstream_index_fraction)"
WORK_WAITING = "sum by (topic) (stillstream_lag_messages{service='frame_processor'})"
WRITTEN_TO_RESULT = "stillstream_frame_written_to_result_seconds"
RESULT_TO_PAGE = "stillstream_result_to_page_seconds"
THROUGHPUT = (
    f'sum by (service) (rate(stillstream_messages_total{{{{direction="{{}}"}}}}[{RATE_WINDOW}]))'
)
PER_SERVICE = {
    "healthy": "max by (service) (stillstream_healthy)",
    "lag_messages": "sum by (service) (stillstream_lag_messages)",
    "event_age_s": "max by (service) (stillstream_event_age_seconds)",
    "bad_messages": "sum by (service) (stillstream_bad_messages_total)",
    "in_per_s": THROUGHPUT.format("in"),
    "out_per_s": THROUGHPUT.format("out"),
}


@dataclass(frozen=True, kw_only=True)
class ServiceFigures:
    """One service's figures; None where nothing was measured yet."""

    healthy: float | None = None
    lag_messages: float | None = None
    event_age_s: float | None = None
    bad_messages: float | None = None
    in_per_s: float | None = None
    out_per_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Figures of each service; latencies in seconds by name and quantile.

    `stages`: the same by stage and lane; `work_waiting`: chunks that nobody took yet, by topic.
    """

    services: Mapping[str, ServiceFigures] = field(default_factory=dict)
    latencies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    index_fraction: float | None = None
    """Which part of the live frames is indexed at present, in the lane with the smallest."""
    index_fractions: Mapping[str, float] = field(default_factory=dict)
    """The same for each lane."""
    work_waiting: Mapping[str, float] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    """Of the current job's lane with the reference lane; empty without a sample."""


def measure(prometheus: str, services: Iterable[str]) -> Measurements:
    """Ask Prometheus at an address; raises LocalStackError when it does not answer."""
    fractions = _by_label(prometheus, INDEX_FRACTION, "lane")
    figures = {key: _by_label(prometheus, query, "service") for key, query in PER_SERVICE.items()}
    return Measurements(
        services={
            name: ServiceFigures(**{key: values.get(name) for key, values in figures.items()})
            for name in services
        },
        latencies=_latencies(prometheus),
        stages=_quantiles(prometheus, "stillstream_stage_seconds", "stage", "lane"),
        index_fraction=min(fractions.values(), default=None),
        index_fractions=fractions,
        work_waiting=_by_label(prometheus, WORK_WAITING, "topic"),
        agreement=_agreement(prometheus),
    )


def _agreement(prometheus: str) -> dict[str, float]:
    found = {name: _by_label(prometheus, query).get("") for name, query in AGREEMENT.items()}
    known = {name: value for name, value in found.items() if value is not None}
    return known if "value" in known else {}


def _latencies(prometheus: str) -> dict[str, dict[str, float]]:
    by_lane = _quantiles(prometheus, WRITTEN_TO_RESULT, "lane")
    found = {f"frame written to result, {lane}": of for lane, of in by_lane.items()}
    return found | {"result to page": _quantiles(prometheus, RESULT_TO_PAGE).get("", {})}


def _quantiles(prometheus: str, metric: str, *labels: str) -> dict[str, dict[str, float]]:
    """Median and 95 % of a histogram, by the values of these labels."""
    buckets = f"sum by ({', '.join(('le', *labels))}) (rate({metric}_bucket[{LATENCY_WINDOW}]))"
    found: dict[str, dict[str, float]] = {}
    for name, quantile in QUANTILES.items():
        query = f"histogram_quantile({quantile}, {buckets})"
        for key, value in _by_label(prometheus, query, *labels).items():
            found.setdefault(key, {})[name] = value
    return found


def _by_label(prometheus: str, query: str, *labels: str) -> dict[str, float]:
    """Values by the labels' values, without the meaningless ones."""
    answer = page(f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    if answer is None:
        raise LocalStackError(f"Prometheus at {prometheus} does not answer: see its log")
    rows = json.loads(answer)["data"]["result"]
    values = {
        ", ".join(row["metric"].get(label, "") for label in labels): float(row["value"][1])
        for row in rows
    }
    return {name: value for name, value in values.items() if math.isfinite(value)}
