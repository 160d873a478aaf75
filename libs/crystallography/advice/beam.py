"""No beam, no jet, missing data: FIELD, "Reading it", first and fourth row."""

import numpy as np

from libs.crystallography.advice.bounds import lower, upper
from libs.crystallography.advice.tallies import FloatArray, IntArray, T
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import BoolArray, Signal, View

DARK_FRACTION = 0.1
"""Of the brightest second so far: below it, in both rings, there is no light."""
DARK_INTENSITY = 1e-3
"""Counts per pixel that are dark whatever came before."""
SOME_LIGHT = 0.01
"""Of the brightest: more than electronics alone give. With an empty chamber it is what windows and
apertures scatter, so the beam is on and the jet is gone; with air it is a beam that is fading."""
DARK_SECONDS = 4
JET_S = 6
NO_SOLVENT, NO_HITS, SOME_SOLVENT = 0.12, 0.14, 0.12
UNREADABLE, FEW_UNREADABLE = 0.10, 0.05


def dark_seconds(timeline: Timeline) -> BoolArray:
    """For every second of the timeline, whether both rings are at dark level."""
    rings = timeline.rings
    level = np.maximum(DARK_INTENSITY, DARK_FRACTION * brightest(timeline))
    dark: BoolArray = (rings <= level).all(axis=1)
    return dark


def brightest(timeline: Timeline) -> FloatArray:
    """[n, 2]: for every second, the brightest rings up to then."""
    rings: FloatArray = np.fmax.accumulate(np.nan_to_num(timeline.rings, nan=0.0), axis=0)
    return rings


def no_beam(view: View) -> Signal:
    """Both rings dark in each of the last seconds that have frames."""
    dark = dark_seconds(view.timeline)
    return Signal(raises=_run_of(dark, DARK_SECONDS)[view.at], clears=_run_of(~dark, 2)[view.at])


def no_jet(view: View) -> Signal:
    """Hardly any frame with solvent and hardly any hit, while the beam is on."""
    now = view.recent(JET_S)
    gone = upper(now[:, T.SOLVENT], now[:, T.RINGS], 2.5) < NO_SOLVENT
    no_hits = upper(now[:, T.HITS], now[:, T.PROCESSED], 2.5) < NO_HITS
    lit = _run_of(~dark_seconds(view.timeline), DARK_SECONDS)[view.at]
    clears = lower(now[:, T.SOLVENT], now[:, T.RINGS], 2.0) > SOME_SOLVENT
    return Signal(raises=gone & no_hits & lit, clears=clears)


def unreadable(view: View) -> Signal:
    """Many frames cannot be read."""
    now = view.present
    raises = lower(now[:, T.UNREADABLE], now[:, T.KNOWN], 3.0) > UNREADABLE
    return Signal(raises=raises, clears=view.share(10, T.UNREADABLE, T.KNOWN, 10) < FEW_UNREADABLE)


def _run_of(values: BoolArray, length: int) -> BoolArray:
    """Whether this position and the `length` − 1 before it are all true."""
    total: IntArray = np.concatenate([[0], np.cumsum(values)])
    run = np.zeros(len(values), np.bool_)
    run[length - 1 :] = total[length:] - total[: max(0, len(total) - length)] == length
    return run
