"""What Prometheus is told of the counting. No run label on hot series: one info series names it."""

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

import msgspec
import numpy as np
import numpy.typing as npt
from prometheus_client import Counter, Gauge, Histogram

from libs.crystallography.advice import Cause
from libs.messages import Agreement, Difference, FrameResult, Lane, Rate, Rates, RatesUpdated
from libs.messages.units import US_PER_SECOND
from libs.service_kit.metrics import STAGE_SECONDS

RATE = Gauge(
    "stillstream_rate",
    "Rates of the current job: value and 95 % Wilson bounds, NaN without a denominator",
    ["rate", "window", "bound"],
)
FRAMES = Gauge("stillstream_frames", "Frames of the current job", ["kind"])
RUN_INFO = Gauge("stillstream_run_info", "1 for the run that the current-job gauges show", ["run"])
ADVICE = Gauge(
    "stillstream_advice_active", "1 while a cause is in force for the current job", ["cause"]
)
AGREEMENT = Gauge(
    "stillstream_agreement",
    "Fraction of sampled frames on which the job's lane and the reference lane both index or both "
    "do not, with 95 % Wilson bounds; NaN without a sample",
    ["bound"],
)
AGREEMENT_FRAMES = Gauge(
    "stillstream_agreement_frames",
    "Sampled frames of the current job by who indexed them: both, neither, own, reference",
    ["indexed_by"],
)
AGREEMENT_DIFFERENCE = Gauge(
    "stillstream_agreement_difference",
    "Own lane minus reference over the sampled frames: median and bounds of the middle 90 %",
    ["quantity", "bound"],
)
PRELIMINARY = Gauge(
    "stillstream_rates_preliminary", "1 while the current run is open or behind its announcements"
)
WRITTEN_TO_RESULT = Histogram(
    "stillstream_frame_written_to_result_seconds",
    "From a frame's file being written to its result (done - written), by lane",
    ["lane"],
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300),
)
JOBS_CONDENSED = Counter(
    "stillstream_jobs_condensed_total", "Jobs that left memory because nothing new came of them"
)
_NONE = Difference(n=0)
NO_AGREEMENT = Agreement(
    agreement=Rate(numerator=0, denominator=0),
    n_indexed_by_both=0,
    n_indexed_by_neither=0,
    n_indexed_by_own=0,
    n_indexed_by_reference=0,
    n_strong=_NONE,
    cell_percent=_NONE,
    d_min_angstrom=_NONE,
)
"""What is shown of a job without a sample."""
STAGES = ("written", "announced", "dispatched", "taken", "done")
_STAMPS = attrgetter(*STAGES)
_STEPS = [f"{a}_to_{b}" for a, b in pairwise((*STAGES, "counted"))]


def observe_stages(frames: Sequence[FrameResult], now_us: int, lane: Lane) -> None:
    """Put the durations between the stages of these frames of one lane into the histograms."""
    at = np.empty((len(frames), len(STAGES) + 1))
    stamps = [_STAMPS(frame.stages_us) for frame in frames]
    at[:, :-1] = np.array(stamps, np.float64) / US_PER_SECOND  # None becomes NaN
    at[:, -1] = now_us / US_PER_SECOND
    for step, name in enumerate(_STEPS):
        _observe_all(STAGE_SECONDS.labels(name, lane.value), at[:, step + 1] - at[:, step])
    whole = at[:, STAGES.index("done")] - at[:, STAGES.index("written")]
    _observe_all(WRITTEN_TO_RESULT.labels(lane.value), whole)


def _observe_all(histogram: Histogram, seconds: npt.NDArray[np.float64]) -> None:
    """`histogram.observe` for each that is known, at a hundredth of its cost.

    The client has no public call for many values at once, and one call for each of the six
    durations of a frame would take half of this service's time.
    """
    known = np.maximum(seconds[~np.isnan(seconds)], 0.0)
    buckets = histogram._buckets  # noqa: SLF001
    places = np.searchsorted(histogram._upper_bounds, known)  # noqa: SLF001
    for place, count in enumerate(np.bincount(places, minlength=len(buckets)).tolist()):
        if count:
            buckets[place].inc(count)
    histogram._sum.inc(float(known.sum()))  # noqa: SLF001


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
    _show_agreement(rates.agreement or NO_AGREEMENT)


def show_advice(active: Collection[str]) -> None:
    """Set the gauge of every cause."""
    for cause in Cause:
        ADVICE.labels(cause.value).set(cause.value in active)


def _show_agreement(agreement: Agreement) -> None:
    for bound in ("value", "low", "high"):
        AGREEMENT.labels(bound).set(_or_nan(getattr(agreement.agreement, bound)))
    for who in ("both", "neither", "own", "reference"):
        AGREEMENT_FRAMES.labels(who).set(getattr(agreement, f"n_indexed_by_{who}"))
    for quantity in ("n_strong", "cell_percent", "d_min_angstrom"):
        for bound in ("median", "low", "high"):
            number = getattr(getattr(agreement, quantity), bound)
            AGREEMENT_DIFFERENCE.labels(quantity, bound).set(_or_nan(number))


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


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
            RATE.labels(field.name, window, bound).set(_or_nan(getattr(rate, bound)))
