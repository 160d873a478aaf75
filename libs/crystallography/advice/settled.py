"""Up to when event time is settled: results of nearly all announced frames are known.

Hits take longer to process than blanks, so the newest results are a biased sample; deciding on them
would raise advice that the missing results then take back.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
Span = tuple[int, int]
"""First frame number, number of frames."""
LOOKED_AT, WINDOW, MOST_MISSING = 20_000, 300, 8
"""Of the newest frames; of any 300 in a row at most 8 may be missing."""


def settled_frames(frames: IntArray, announced: Sequence[Span]) -> int:
    """How many of these frames (ascending numbers with results) lie in the settled part."""
    if len(frames) == 0 or not announced:
        return len(frames)
    rank = _announced_before(frames, announced)
    missing = rank - rank[0] - np.arange(len(frames))
    padded = np.concatenate([np.zeros(WINDOW, np.int64), missing])
    good = np.flatnonzero(missing - padded[: len(missing)] <= MOST_MISSING)
    return int(good[-1]) + 1 if len(good) else 0


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, neighbours joined, overlaps once."""
    joined: list[Span] = []
    for first, count in sorted(spans):
        if joined and first <= sum(joined[-1]):
            start = joined[-1][0]
            joined[-1] = (start, max(sum(joined[-1]), first + count) - start)
        else:
            joined.append((first, count))
    return tuple(joined)


def _announced_before(frames: IntArray, announced: Sequence[Span]) -> IntArray:
    starts, counts = np.array(announced, np.int64).T
    before = np.concatenate([[0], np.cumsum(counts)])
    at = np.maximum(np.searchsorted(starts, frames, side="right") - 1, 0)
    rank: IntArray = before[at] + np.clip(frames - starts[at], 0, counts[at])
    return rank
