"""What was wrong from when to when, out of the states of every second. Depends on frames alone."""

from dataclasses import dataclass, replace

import numpy as np

from libs.crystallography.advice.causes import Cause
from libs.crystallography.advice.states import CAUSES
from libs.crystallography.advice.tallies import T
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import LONG_S, BoolArray
from libs.messages.units import US_PER_SECOND

SILENCE_S = 10
STEADY_SECONDS, STEADY_FRAMES = 20, 100
"""Only a stream that had frames in so many of the last 60 seconds can fall silent."""


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A cause, raised and perhaps cleared, in event time (µs); `position` is that in the timeline.

    `is_silence`: no frame came at all; `position` is then the last second before.
    `held_to_end`: it was not cured, its run is over.
    """

    cause: Cause
    position: int
    raised_us: int
    cleared_us: int | None = None
    is_silence: bool = False
    held_to_end: bool = False

    def ended(self, end_us: int) -> "Episode":
        """The same in a run that is over: what still holds then ends with it."""
        if self.cleared_us is not None:
            return self
        return replace(self, cleared_us=max(end_us, self.raised_us), held_to_end=True)

    def seen_at(self, until_us: int) -> "Episode | None":
        """What was known of it at an earlier time."""
        if self.raised_us > until_us:
            return None
        if self.cleared_us is None or self.cleared_us <= until_us:
            return self
        return replace(self, cleared_us=None)


def episodes(timeline: Timeline, held: BoolArray) -> tuple[Episode, ...]:
    """All episodes, by time of raising; `held` [n, len(CAUSES)] as made by states()."""
    found = _silences(timeline, held)
    for column, cause in enumerate(CAUSES):
        found += _of_cause(timeline, held[:, column], cause)
    return tuple(sorted(found, key=lambda e: (e.raised_us, e.cause)))


def end_us(timeline: Timeline, position: int) -> int:
    """When the second at a position was over: the time of what is decided there."""
    return (int(timeline.second[position]) + 1) * US_PER_SECOND


def start_us(timeline: Timeline, position: int) -> int:
    """When the second at a position began."""
    return int(timeline.second[position]) * US_PER_SECOND


def _of_cause(timeline: Timeline, held: BoolArray, cause: Cause) -> list[Episode]:
    changes = np.flatnonzero(np.diff(held.astype(np.int8), prepend=0))
    pairs = [changes[i : i + 2].tolist() for i in range(0, len(changes), 2)]
    return [
        Episode(
            cause=cause,
            position=pair[0],
            raised_us=end_us(timeline, pair[0]),
            cleared_us=end_us(timeline, pair[1]) if len(pair) == 2 else None,
        )
        for pair in pairs
    ]


def _silences(timeline: Timeline, held: BoolArray) -> list[Episode]:
    gaps = np.diff(timeline.second) - 1
    missing = held[:, CAUSES.index(Cause.MISSING)]
    return [
        replace(episode, cleared_us=end_us(timeline, position + 1))
        for position in np.flatnonzero(gaps > SILENCE_S).tolist()
        if not missing[position]
        for episode in silence_after(timeline, position)
    ]


def silence_after(timeline: Timeline, position: int) -> tuple[Episode, ...]:
    """The episode of a silence after this position, if the stream was steady before."""
    if position < 0 or not is_steady(timeline, position):
        return ()
    raised_us = end_us(timeline, position) + SILENCE_S * US_PER_SECOND
    silence = Episode(cause=Cause.MISSING, position=position, raised_us=raised_us, is_silence=True)
    return (silence,)


def is_steady(timeline: Timeline, position: int) -> bool:
    """Whether frames came all the time before: only then silence is remarkable."""
    at = np.array([position])
    first = int(timeline.first_within(at, LONG_S)[0])
    n_frames = int(timeline.window(at, LONG_S)[0, T.KNOWN])
    return position + 1 - first >= STEADY_SECONDS and n_frames >= STEADY_FRAMES
