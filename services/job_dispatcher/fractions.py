"""Which fraction of a job's live frames is indexed, from which arrival on. Pure.

The steps are written to the job's row before any work is published under them, and a new step
begins above every arrival that may have been published already, by whichever process. So the
fraction of an arrival never changes: a chunk that is sent again after a crash carries the fraction
it carried before, and a frame is selected or not selected once and for all.
"""

from libs.messages import FramesArrived
from services.job_dispatcher.core import RunKnown

Steps = tuple[tuple[int, float], ...]
"""(first sequence, fraction), ascending; everything is indexed before the first step."""


def fraction_at(steps: Steps, sequence: int) -> float:
    """The fraction under which this arrival is, or was, sent out."""
    return next((fraction for first, fraction in reversed(steps) if first <= sequence), 1.0)


def with_fraction(steps: Steps, from_sequence: int, fraction: float) -> Steps:
    """The steps with this fraction from here on; the same ones where nothing changes."""
    if fraction_at(steps, from_sequence) == fraction:
        return steps
    if steps and steps[-1][0] >= from_sequence:
        return steps  # what is durable stays
    return (*steps, (from_sequence, fraction))


def only_screened(
    known: RunKnown, steps: Steps, start: int, end: int, live_from_us: int
) -> list[int]:
    """The live arrivals in this range of which only a part was indexed, in order."""
    present = (s for s in range(start, end) if s in known.arrivals)
    sampled = (s for s in present if fraction_at(steps, s) < 1.0)
    return [s for s in sampled if _is_live(known.arrivals[s], live_from_us)]


def first_open(known: RunKnown, highest_sent: int) -> int:
    """The first sequence that no process can have published for this attempt.

    An earlier process can have published whatever had arrived before this one started.
    """
    return 1 + max(known.inherited, highest_sent)


def new_live(known: RunKnown, waiting: list[int], first: int, live_from_us: int) -> bool:
    """Whether live frames wait that are free to go out under another fraction."""
    return any(s >= first and _is_live(known.arrivals[s], live_from_us) for s in waiting)


def _is_live(arrival: FramesArrived, live_from_us: int) -> bool:
    return arrival.announced_us >= live_from_us
