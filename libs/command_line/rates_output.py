"""What `stillstream rates` prints of a job: one JSON object, or a few lines."""

import math
from typing import Any

import msgspec

from libs.crystallography.advice import Adviser, CrystalsPerShot
from libs.crystallography.rates import JobStatistics, RunStatsSeries
from libs.messages import Agreement, JobId

RATES = ("solvent", "hit", "indexing", "indexing_success", "multi_lattice", "high_quality")


def as_object(
    job: JobId, statistics: JobStatistics, agreement: Agreement | None = None
) -> dict[str, Any]:
    """DESIGN's object; `agreement` is null where no frame went through the reference lane too."""
    return {
        "summary": _plain(statistics.summary()),
        "series": _series_object(statistics.series()),
        "live": {window.name: _plain(window) for window in statistics.live_windows()},
        "advice": advice_of(job, statistics),
        "crystals_per_shot": _crystals(statistics),
        "agreement": _plain(agreement),
    }


def advice_of(job: JobId, statistics: JobStatistics) -> list[dict[str, Any]]:
    """All advice that these frames give, with `cleared_us` (null while it holds)."""
    adviser = _adviser(statistics)
    return [
        _plain(adviser.advice(job, episode)) | {"cleared_us": episode.cleared_us}
        for episode in adviser.episodes
    ]


def _crystals(statistics: JobStatistics) -> dict[str, Any] | None:
    """Over the last minute."""
    found = _adviser(statistics).crystals_per_shot()
    return None if found is None else _crystals_object(found)


def _crystals_object(found: CrystalsPerShot) -> dict[str, Any]:
    return {
        "value": found.value,
        "low": found.low,
        "high": None if math.isinf(found.high) else found.high,
        "factor": found.factor,
        "is_certain": found.is_certain,
        "predicted_multi_lattice": found.predicted_multi_lattice,
        "observed_multi_lattice": _plain(found.observed_multi_lattice),
        "clumping": found.clumping,
    }


def _adviser(statistics: JobStatistics) -> Adviser:
    adviser = Adviser()
    adviser.update(statistics)
    return adviser


def _plain(part: Any) -> Any:
    """A struct as a JSON object with every field present."""
    if isinstance(part, msgspec.Struct):
        return {name: _plain(getattr(part, name)) for name in part.__struct_fields__}
    return part


def _series_object(series: RunStatsSeries) -> dict[str, list[float | None]]:
    columns = {
        name: getattr(series, name).tolist()
        for name in ("frame", "solvent_rate", "indexing_rate", "multi_lattice_rate",
                     "high_quality_rate")
    }  # fmt: skip
    return {name: [None if v != v else v for v in values] for name, values in columns.items()}


def as_text(job: JobId, statistics: JobStatistics, agreement: Agreement | None = None) -> str:
    bar = statistics.summary()
    counts = ("processed", "hits", "indexed", "high_quality", "unreadable")
    named = (f"{getattr(bar, f'n_{name}')} {name.replace('_', ' ')}" for name in counts)
    lines = [", ".join(named), ""]
    for name in RATES:
        rate = getattr(bar.rates, name)
        shown = "–" if rate.value is None else (
            f"{100 * rate.value:5.1f} %  ({100 * rate.low:.1f} to {100 * rate.high:.1f})"
        )  # fmt: skip
        lines.append(f"{name.replace('_', ' '):18}{shown:28}{rate.numerator} of {rate.denominator}")
    if agreement is not None:
        lines += [_agreement_line(agreement)]
    lines += [_advice_line(advice) for advice in advice_of(job, statistics)]
    return "\n".join(lines)


def _agreement_line(found: Agreement) -> str:
    rate = found.agreement
    return (
        f"lanes agree on {rate.numerator} of {rate.denominator} frames: both index "
        f"{found.n_indexed_by_both}, neither {found.n_indexed_by_neither}, only own "
        f"{found.n_indexed_by_own}, only reference {found.n_indexed_by_reference}"
    )


def _advice_line(advice: dict[str, Any]) -> str:
    cause = advice["cause"].replace("_", " ")
    lasted = "" if advice["cleared_us"] is None else " (over)"
    return f"{advice['level']}: {cause}{lasted}: {advice['suggestion']}; {advice['evidence'][0]}"
