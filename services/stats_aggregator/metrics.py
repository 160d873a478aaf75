"""What Prometheus is told of the counting. No run label on hot series: one info series names it."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
from prometheus_client import Gauge, Histogram

from libs.messages import FrameResult, Rate, Rates, RatesUpdated
from libs.messages.units import US_PER_SECOND
from libs.service_kit.metrics import STAGE_SECONDS

RATE = Gauge(
    "stillstream_rate",
    "Rates of the current job: value and 95 % Wilson bounds, NaN without a denominator",
    ["rate", "window", "bound"],
)
FRAMES = Gauge("stillstream_frames", "Frames of the current job", ["kind"])
RUN_INFO = Gauge("stillstream_run_info", "1 for the run that the current-job gauges show", ["run"])
PRELIMINARY = Gauge(
    "stillstream_rates_preliminary", "1 while the current run is open or behind its announcements"
)
WRITTEN_TO_RESULT = Histogram(
    "stillstream_frame_written_to_result_seconds",
    "From a frame's file being written to its result (done - written)",
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300),
)
STAGES = ("written", "announced", "dispatched", "taken", "done")
_STEPS = [(a, b, STAGE_SECONDS.labels(f"{a}_to_{b}")) for a, b in pairwise(STAGES)]
_COUNTED = STAGE_SECONDS.labels("done_to_counted")


def observe_stages(frames: Sequence[FrameResult], now_us: int) -> None:
    """Put the durations between the stages of these frames into the histograms."""
    for frame in frames:
        at = frame.stages_us
        for first, second, histogram in _STEPS:
            _observe(histogram, getattr(at, first), getattr(at, second))
        _observe(WRITTEN_TO_RESULT, at.written, at.done)
        _observe(_COUNTED, at.done, now_us)


def _observe(histogram: Histogram, start_us: int | None, end_us: int | None) -> None:
    if start_us is not None and end_us is not None:
        histogram.observe(max(0, end_us - start_us) / US_PER_SECOND)


def show_current(rates: RatesUpdated) -> None:
    """Set the gauges of the current job."""
    RUN_INFO.clear()
    RUN_INFO.labels(rates.run).set(1)
    PRELIMINARY.set(rates.preliminary)
    for kind, n in _counts(rates):
        FRAMES.labels(kind).set(n)
    _show_rates("run", rates.summary.rates)
    for window in rates.live:
        _show_rates(window.name, window.rates)


def _counts(rates: RatesUpdated) -> Iterator[tuple[str, int]]:
    for field in msgspec.structs.fields(rates.summary):
        if field.name.startswith("n_"):
            yield field.name.removeprefix("n_"), getattr(rates.summary, field.name)
    yield "announced", rates.n_announced
    yield "waiting", rates.n_waiting


def _show_rates(window: str, rates: Rates) -> None:
    for field in msgspec.structs.fields(rates):
        rate: Rate = getattr(rates, field.name)
        for bound in ("value", "low", "high"):
            number = getattr(rate, bound)
            RATE.labels(field.name, window, bound).set(math.nan if number is None else number)
