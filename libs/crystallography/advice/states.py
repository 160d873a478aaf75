"""Which causes hold at each second: hysteresis, and the order in which causes explain each other.

Where the beam is off or the jet is lost, nothing else is said; where most frames are noise, or
shots are crowded, indexing and quality are not blamed.
"""

from collections.abc import Callable

import numpy as np

from libs.crystallography.advice import beam, indexing, quality, sample
from libs.crystallography.advice.causes import Cause
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import BoolArray, Signal, View

Decision = Callable[[View], Signal]
BY_RANK: tuple[tuple[Cause, Decision, tuple[Cause, ...]], ...] = (
    (Cause.NO_BEAM, beam.no_beam, ()),
    (Cause.NO_JET, beam.no_jet, (Cause.NO_BEAM,)),
    (Cause.MISSING, beam.unreadable, ()),
    (Cause.NOISE, indexing.picks_up_noise, (Cause.NO_BEAM,)),
    (Cause.TOO_STRICT, sample.too_strict, (Cause.NO_BEAM, Cause.NO_JET)),
    (Cause.NO_CRYSTALS, sample.no_crystals,
     (Cause.NO_BEAM, Cause.NO_JET, Cause.NOISE, Cause.TOO_STRICT)),
    (Cause.TOO_DILUTE, sample.too_dilute,
     (Cause.NO_BEAM, Cause.NO_JET, Cause.NOISE, Cause.TOO_STRICT, Cause.NO_CRYSTALS)),
    (Cause.TOO_DENSE, sample.too_dense, (Cause.NO_BEAM, Cause.NO_JET, Cause.NOISE)),
    (Cause.INDEXING, indexing.indexing_fails,
     (Cause.NO_BEAM, Cause.NO_JET, Cause.NOISE, Cause.TOO_DENSE)),
    (Cause.GEOMETRY, quality.geometry_drifted, (Cause.NO_BEAM, Cause.NO_JET)),
    (Cause.DEGRADED, quality.crystals_degrade,
     (Cause.NO_BEAM, Cause.NO_JET, Cause.NOISE, Cause.TOO_DENSE, Cause.GEOMETRY)),
)  # fmt: skip
"""Cause, how it is decided, and which causes explain it away."""
CAUSES = tuple(cause for cause, _, _ in BY_RANK)


def states(timeline: Timeline, start: int = 0, before: BoolArray | None = None) -> BoolArray:
    """[n − start, len(CAUSES)]: what holds at each position from `start` on.

    `before` [len(CAUSES)] is what held at the position before, nothing by default.
    """
    view = View(timeline, start)
    held = np.zeros((len(view.at), len(CAUSES)), np.bool_)
    if not len(view.at):
        return held
    for column, (_, decide, explained_by) in enumerate(BY_RANK):
        signal = decide(view)
        masked = held[:, [CAUSES.index(cause) for cause in explained_by]].any(axis=1)
        clears = signal.clears | masked
        initially = before is not None and bool(before[column])
        held[:, column] = latch(signal.raises & ~clears, clears, initially)
    return held


def latch(raises: BoolArray, clears: BoolArray, initially: bool) -> BoolArray:
    """On from each raising until the next clearing; a position never does both."""
    position = np.arange(len(raises))
    raised = np.maximum.accumulate(np.where(raises, position, -1))
    cleared = np.maximum.accumulate(np.where(clears, position, -1))
    untouched = (raised < 0) & (cleared < 0)
    return np.where(untouched, initially, raised > cleared)
