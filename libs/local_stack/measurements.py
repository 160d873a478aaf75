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
INDEX_FRACTION = "min(stillstream_index_fraction)"
LATENCIES = {
    "frame written to result": "stillstream_frame_written_to_result_seconds",
    "result to page": "stillstream_result_to_page_seconds",
}
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
    """Figures of each service; latencies in seconds by name and quantile, stages by name."""

    services: Mapping[str, ServiceFigures] = field(default_factory=dict)
    latencies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    index_fraction: float | None = None
    """Which part of the live frames is indexed at present."""
    agreement: Mapping[str, float] = field(default_factory=dict)
    """Of the current job's lane with the reference lane; empty without a sample."""


def measure(prometheus: str, services: Iterable[str]) -> Measurements:
    """Ask Prometheus at an address; raises LocalStackError when it does not answer."""
    figures = {key: _by_label(prometheus, query, "service") for key, query in PER_SERVICE.items()}
    return Measurements(
        services={
            name: ServiceFigures(**{key: values.get(name) for key, values in figures.items()})
            for name in services
        },
        latencies={title: _quantiles(prometheus, metric) for title, metric in LATENCIES.items()},
        stages=_stages(prometheus),
        index_fraction=_by_label(prometheus, INDEX_FRACTION, "").get(""),
        agreement=_agreement(prometheus),
    )


def _agreement(prometheus: str) -> dict[str, float]:
    found = {name: _by_label(prometheus, query, "").get("") for name, query in AGREEMENT.items()}
    known = {name: value for name, value in found.items() if value is not None}
    return known if "value" in known else {}


def _quantiles(prometheus: str, metric: str) -> dict[str, float]:
    found = {}
    for name, quantile in QUANTILES.items():
        buckets = f"sum by (le) (rate({metric}_bucket[{LATENCY_WINDOW}]))"
        value = _by_label(prometheus, f"histogram_quantile({quantile}, {buckets})", "").get("")
        if value is not None:
            found[name] = value
    return found


def _stages(prometheus: str) -> dict[str, dict[str, float]]:
    buckets = f"sum by (le, stage) (rate(stillstream_stage_seconds_bucket[{LATENCY_WINDOW}]))"
    stages: dict[str, dict[str, float]] = {}
    for name, quantile in QUANTILES.items():
        query = f"histogram_quantile({quantile}, {buckets})"
        for stage, value in _by_label(prometheus, query, "stage").items():
            stages.setdefault(stage, {})[name] = value
    return stages


def _by_label(prometheus: str, query: str, label: str) -> dict[str, float]:
    """Values by a label, without the meaningless ones."""
    answer = page(f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    if answer is None:
        raise LocalStackError(f"Prometheus at {prometheus} does not answer: see its log")
    rows = json.loads(answer)["data"]["result"]
    values = {row["metric"].get(label, ""): float(row["value"][1]) for row in rows}
    return {name: value for name, value in values.items() if math.isfinite(value)}
