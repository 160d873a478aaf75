"""The numbers that prove a cause, as short sentences, and what to try."""

import numpy as np

from libs.crystallography.advice.beam import SOME_LIGHT, brightest
from libs.crystallography.advice.causes import REMEDIES, Cause
from libs.crystallography.advice.crystals import (
    CrystalsPerShot,
    crystals_per_shot,
    multi_lattice_fraction,
)
from libs.crystallography.advice.history import Episode, end_us, start_us
from libs.crystallography.advice.onset import onset
from libs.crystallography.advice.quality import mean_deviations
from libs.crystallography.advice.sample import spots_ratio
from libs.crystallography.advice.tallies import IntArray, T
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import LONG_S, View
from libs.messages import AdviceRaised, JobId

MUCH_TOO_DILUTE = 1 / 5
AT_LEAST_SHOWN = 60
NAMES = {
    T.SOLVENT: "Solvent",
    T.HITS: "Hits",
    T.SOLVENT_HITS: "Hits among frames with solvent",
    T.INDEXED: "Indexed",
    T.INDEXED_HITS: "Indexed among hits",
    T.MULTI_LATTICE: "Multi-lattice among indexed",
    T.HIGH_QUALITY: "High quality among indexed",
    T.NO_SPOTS: "Frames without any spot",
    T.FAINT: "Frames with half a hit's spots or more, not a hit",
    T.FAINT_INDEXED: "Indexed among these",
    T.UNREADABLE: "Unreadable",
}
RATES: dict[Cause, tuple[tuple[T, T], ...]] = {
    Cause.NO_BEAM: ((T.HITS, T.PROCESSED),),
    Cause.NO_JET: ((T.SOLVENT, T.RINGS), (T.HITS, T.PROCESSED)),
    Cause.NO_CRYSTALS: ((T.SOLVENT, T.RINGS), (T.SOLVENT_HITS, T.SOLVENT)),
    Cause.TOO_STRICT: ((T.SOLVENT, T.RINGS), (T.NO_SPOTS, T.PROCESSED)),
    Cause.NOISE: ((T.FAINT, T.PROCESSED), (T.FAINT_INDEXED, T.FAINT_SELECTED)),
    Cause.TOO_DILUTE: ((T.SOLVENT_HITS, T.SOLVENT),),
    Cause.TOO_DENSE: ((T.MULTI_LATTICE, T.INDEXED),),
    Cause.INDEXING: ((T.INDEXED_HITS, T.SELECTED_HITS), (T.HITS, T.PROCESSED)),
    Cause.DEGRADED: ((T.HIGH_QUALITY, T.INDEXED),),
    Cause.MISSING: ((T.UNREADABLE, T.KNOWN),),
}
DEVIATION_NAMES = ("Spots lie {:+.1f} px (fast)", "Spots lie {:+.1f} px (slow)",
                   "Cell edge a {:+.1f} %", "Cell edge b {:+.1f} %",
                   "Cell edge c {:+.1f} %")  # fmt: skip


def advice_of(job: JobId, timeline: Timeline, episode: Episode) -> AdviceRaised:
    """The message of an episode: since when, the evidence at the moment of raising, what to try."""
    cause = episode.cause
    evidence: tuple[str, ...] = ("No frame for 10 s",)
    if episode.is_silence:
        first, since = episode.position, end_us(timeline, episode.position)
    else:
        first = onset(timeline, cause, episode.position)
        since, evidence = start_us(timeline, first), _evidence(timeline, episode, first)
    level, suggestion = _remedy(cause, _shown(timeline, first, episode.position))
    return AdviceRaised(
        job=job,
        cause=cause.value,
        since_us=since,
        level=level,
        evidence=evidence,
        suggestion=suggestion,
        raised_us=episode.raised_us,
    )


def crystals_of(sums: IntArray) -> CrystalsPerShot:
    """Crystals per shot of a tally."""
    return crystals_per_shot(
        n_solvent=int(sums[T.SOLVENT]),
        n_hits=int(sums[T.SOLVENT_HITS]),
        n_indexed=int(sums[T.INDEXED]),
        n_multi_lattice=int(sums[T.MULTI_LATTICE]),
    )


def _remedy(cause: Cause, now: IntArray) -> tuple[str, str]:
    remedy = REMEDIES[cause]
    if "{factor}" not in remedy.suggestion:
        return remedy.level, remedy.suggestion
    found = crystals_of(now)
    much = cause is Cause.TOO_DILUTE and found.high < MUCH_TOO_DILUTE
    level = "act" if much else remedy.level
    return level, remedy.suggestion.format(factor=_factor(found)) + _clumps(found)


def _factor(found: CrystalsPerShot) -> str:
    value = found.factor
    if value is None:
        return f"at least {max(found.low, 1 / found.high):.1f}×"
    by = max(value, 1 / value)
    return f"about {by:.1f}×" if by < 10 else f"about {by:.0f}×"


def _clumps(found: CrystalsPerShot) -> str:
    return "; filter or sonicate, crystals clump" if found.clumping == "clumped" else ""


def _evidence(timeline: Timeline, episode: Episode, first: int) -> tuple[str, ...]:
    now = _shown(timeline, first, episode.position)
    before = timeline.window(np.array([max(first - 1, 0)]), LONG_S)[0] * (first > 0)
    lines = [_rate(now, before, *pair) for pair in RATES.get(episode.cause, ())]
    if episode.cause is Cause.NO_BEAM:
        lines = _darkness(timeline, episode.position) + lines
    if episode.cause is Cause.GEOMETRY:
        lines += _deviations(now)
    if episode.cause in {Cause.TOO_DILUTE, Cause.TOO_DENSE}:
        lines += _crystals(now)
    return tuple(lines)


def _darkness(timeline: Timeline, position: int) -> list[str]:
    low, high = timeline.rings[position].tolist()
    line = f"Both rings at dark level: {low:.3g} and {high:.3g} counts per pixel"
    before = brightest(timeline)[position].tolist()
    shares = [now / most for now, most in zip((low, high), before, strict=True) if most > 0]
    share = max(shares, default=0.0)
    if share <= SOME_LIGHT:
        return [line]
    return [line, f"Some light is left, {share:.0%} of the brightest: in vacuum, rather no jet"]


def _shown(timeline: Timeline, first: int, position: int) -> IntArray:
    """What came since the onset, so that the numbers are not mixed with those of before."""
    since = timeline.between(first, position + 1)
    if since[T.KNOWN] >= AT_LEAST_SHOWN:
        return since
    view = View(timeline, position)
    view.at = view.at[:1]
    present: IntArray = view.present[0]
    return present


def _rate(now: IntArray, before: IntArray, numerator: T, denominator: T) -> str:
    k, n = int(now[numerator]), int(now[denominator])
    text = f"{NAMES[numerator]} {_percent(k, n)} ({k} of {n})"
    then = int(before[denominator])
    return f"{text}, was {_percent(int(before[numerator]), then)}" if then >= 30 else text


def _percent(k: int, n: int) -> str:
    if n == 0:
        return "–"
    digits = 0 if k == 0 or 50 * k > n else 1
    return f"{100 * k / n:.{digits}f} %"


def _crystals(now: IntArray) -> list[str]:
    found = crystals_of(now)
    lines = []
    if found.value is not None:
        lines.append(
            f"{found.value:.2f} crystals per shot ({found.low:.2f}–{found.high:.2f}); 1.0 is best"
        )
    observed, predicted = found.observed_multi_lattice, found.predicted_multi_lattice
    if observed.value is not None and predicted is not None and found.clumping == "clumped":
        most = multi_lattice_fraction(found.high)
        lines.append(f"Multi-lattice {observed.value:.0%}, chance allows {most:.0%}: they clump")
    ratio = float(spots_ratio(now[np.newaxis])[0])
    if ratio > 1:
        lines.append(f"Not-indexed hits have {ratio:.1f}× the spots of indexed ones")
    return lines


def _deviations(now: IntArray) -> list[str]:
    mean, error = mean_deviations(now[np.newaxis])
    order = np.argsort(-np.abs(mean[0]) / error[0])[:2].tolist()
    scale = (1.0, 1.0, 100.0, 100.0, 100.0)
    return [
        DEVIATION_NAMES[i].format(scale[i] * mean[0, i]) + " from where the run began"
        for i in order
    ]
