"""Frames of an experiment in event time, as statistics see them: no images, known truth.

Crystals arrive as a Poisson process in a jet that flickers; pulses jitter, concentration, jet,
quality and geometry drift slowly; troubles begin and end at known times. Vectorised, so that ten
hours at 30 Hz take seconds. Numbers follow the sample of the run-stats page's mock: 88 % solvent,
1.1 crystals per shot (0.95 seen as hits), 7 noise spots.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from libs.crystallography.rates import ROW, Rows
from libs.crystallography.rates.rows import COUNTS, IS_SELECTED, IS_TRIED, IS_UNREADABLE
from libs.messages import FrameResult, Outcome
from tests.crystallography.rates.builders import lattice, result

START_S = 1_780_000_000
MOST_CRYSTALS = 8
CELL = (78.0, 78.0, 37.0, 90.0)
INDEXED_BY_CRYSTALS = np.array([0, 1, 0.8, 0.48, 0.24, 0.08, 0.02, 0.0, 0.0])
Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Values of the experiment that differ from `start_s` until `end_s`."""

    start_s: float
    end_s: float = np.inf
    values: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A steady experiment, and what disturbs it."""

    seconds: int
    seed: int = 1
    hz: float = 30.0
    values: dict[str, float] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()
    drifts: bool = True
    flicker_per_frame: float = 0.0004
    clumped: float = 0.0
    """Fraction of crystals that bring a second one along."""


STEADY = {
    "beam": 1.0,
    "jet": 0.88,
    "crystals": 1.1,
    "noise": 7.0,
    "dry_noise": 3.0,
    "indexable": 1.0,
    "worse_angstrom": 0.0,
    "offset_px": 0.05,
    "cell": 1.0,
    "unreadable": 0.001,
    "air": 3.0,
}


def simulate(experiment: Experiment) -> Rows:
    """The rows of all frames, in order of event time."""
    e, rng = experiment, np.random.default_rng(experiment.seed)
    n = round(e.seconds * e.hz)
    t = np.arange(n) / e.hz
    now = _values(e, t)
    wander = _wander(rng, e, t)
    lit = now["beam"] > 0
    solvent = rng.random(n) < _jet(rng, e, now["jet"], wander[0])
    solvent &= lit
    crystals = np.minimum(rng.poisson(now["crystals"] * np.exp(0.08 * wander[1])), MOST_CRYSTALS)
    clumps = np.minimum(crystals + rng.binomial(crystals, e.clumped), MOST_CRYSTALS)
    crystals = np.where(solvent, clumps, 0)
    sizes = np.exp(4.55 + 0.7 * rng.standard_normal((n, MOST_CRYSTALS)))
    sizes *= np.arange(MOST_CRYSTALS) < crystals[:, None]
    best = sizes.max(axis=1)
    noise = rng.poisson(np.where(solvent, now["noise"], now["dry_noise"]) * lit)
    spots = np.minimum(noise + sizes.sum(axis=1), 1500).astype(np.int64)
    chance = 0.93 * (1 - np.exp(-np.maximum(best - 14, 0) / 45)) * INDEXED_BY_CRYSTALS[crystals]
    indexed = (spots >= 16) & (rng.random(n) < chance * now["indexable"])
    many = (crystals > 1) & (rng.random(n) < 0.86)
    rows = _frames(e, t)
    rows["n_strong"] = spots
    rows["n_lattices"] = np.where(indexed, np.where(many, 2, 1), 0)
    _add_light(rng, rows, now, solvent)
    _add_quality(rng, rows, now, best, crystals, wander)
    unreadable = rng.random(n) < now["unreadable"]
    rows["flags"] = np.where(unreadable, IS_UNREADABLE, COUNTS | IS_SELECTED)
    rows["flags"][~unreadable & (spots >= 16)] |= IS_TRIED
    rows["n_lattices"][unreadable] = 0
    return rows


def _values(e: Experiment, t: Array) -> dict[str, Array]:
    values = {name: np.full(len(t), v) for name, v in (STEADY | e.values).items()}
    for trouble in e.troubles:
        during = (t >= trouble.start_s) & (t < trouble.end_s)
        for name, value in trouble.values.items():
            values[name][during] = value
    return values


def _wander(rng: np.random.Generator, e: Experiment, t: Array) -> Array:
    """[5, n]: slow drifts of unit variance, with memories of 2 to 20 minutes."""
    whole = np.arange(int(t[-1]) + 2)
    drifts = []
    for memory_s in (120.0, 300.0, 600.0, 1200.0, 1200.0):
        kick = rng.standard_normal(len(whole) + 5000) * np.sqrt(2 / memory_s)
        slow = lfilter([1.0], [1.0, -(1 - 1 / memory_s)], kick)[5000:]
        drifts.append(np.interp(t, whole, slow) * e.drifts)
    return np.array(drifts)


def _jet(rng: np.random.Generator, e: Experiment, jet: Array, wander: Array) -> Array:
    n = len(jet)
    chance = np.clip(jet * np.exp(0.03 * wander), 0, 0.97)
    starts = np.flatnonzero(rng.random(n) < e.flicker_per_frame)
    ends = np.minimum(starts + rng.integers(15, 85, len(starts)), n)
    change = np.zeros(n + 1, np.int64)
    np.add.at(change, starts, 1)
    np.add.at(change, ends, -1)
    return np.where(np.cumsum(change)[:n] > 0, np.minimum(chance, 0.35), chance)


def _frames(e: Experiment, t: Array) -> Rows:
    rows = np.zeros(len(t), ROW)
    rows["frame"] = np.arange(1, len(t) + 1)
    rows["ts_us"] = START_S * 1_000_000 + np.rint(t * 1e6).astype(np.int64)
    rows["precedence"] = (1 << 47) + rows["frame"]
    return rows


def _add_light(rng: np.random.Generator, rows: Rows, now: dict[str, Array], solvent: Array) -> None:
    n = len(rows)
    pulse = np.exp(0.2 * rng.standard_normal(n)) * (now["beam"] > 0)
    low = pulse * now["air"] * (1 + 1.2 * solvent) + 0.002 * rng.standard_normal(n)
    ratio = np.where(
        solvent, 1.34 + 0.11 * rng.standard_normal(n), 0.7 + 0.05 * rng.standard_normal(n)
    )
    high = low * ratio + 0.002 * rng.standard_normal(n)
    rows["rings"][:, 0], rows["rings"][:, 1] = low, high
    rows["solvent_ratio"] = np.where(low > 0, high / np.where(low > 0, low, 1), np.nan)
    dark = now["beam"] == 0
    rows["solvent_ratio"][dark] = rng.normal(0.5, 0.1, int(dark.sum()))


def _add_quality(
    rng: np.random.Generator, rows: Rows, now: dict[str, Array], best: Array, crystals: Array,
    wander: Array,
) -> None:  # fmt: skip
    n = len(rows)
    d_min = 1.68 + 1.9 * np.exp(-best / 70) + np.abs(rng.standard_normal(n)) * 0.28
    d_min += np.maximum(crystals - 1, 0) * 0.17 + now["worse_angstrom"] + 0.03 * wander[2]
    indexed = rows["n_lattices"] > 0
    rows["d_min_contiguous"] = rows["d_min_cctbx"] = np.where(indexed, d_min, np.nan)
    offset = (
        now["offset_px"][:, None] + 0.05 * wander[3][:, None] + 0.4 * rng.standard_normal((n, 2))
    )
    rows["offset_px"] = np.where(indexed[:, None], offset, 0)
    spread = 1 + 0.003 * rng.standard_normal((n, 4)) + 0.0005 * wander[4][:, None]
    spread[rng.random(n) < 0.02] *= 1.08
    cells = np.array(CELL) * spread * now["cell"][:, None]
    rows["cell"] = np.where(indexed[:, None], cells, 0)


def results_of(rows: Rows) -> list[FrameResult]:
    """The same frames as results, for tests of what messages go through."""
    return [_result(row) for row in rows]


def _result(row: Any) -> FrameResult:
    flags, n_lattices = int(row["flags"]), int(row["n_lattices"])
    low, high = row["rings"].tolist()
    one = msgspec.structs.replace(
        lattice(),
        unit_cell=(*row["cell"][:3].tolist(), 90.0, 90.0, 90.0),
        offset_px=tuple(row["offset_px"].tolist()),
    )
    d_min = float(row["d_min_contiguous"]) if n_lattices else None
    return result(
        int(row["frame"]),
        ts_us=int(row["ts_us"]),
        outcome=Outcome.UNREADABLE if flags & IS_UNREADABLE else Outcome.PROCESSED,
        n_strong=int(row["n_strong"]),
        indexing_tried=bool(flags & IS_TRIED),
        solvent_ratio=float(row["solvent_ratio"]),
        ring_low=low,
        ring_high=high,
        d_min_contiguous=d_min,
        d_min_cctbx=d_min,
        lattices=(one,) * n_lattices,
    )
