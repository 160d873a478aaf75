"""How much of the live work is indexed when frames come faster than they can be processed. Pure.

Looks at how long finished work had waited before it was taken, and moves one number: the fraction
of frames that are indexed. All frames are screened whatever it says. Only a *standing* queue
counts (the shortest wait of the last seconds, as in CoDel): a burst that drains by itself is none,
and slow frames are none, since the wait ends when the work begins.

When results are late, as little as possible is indexed until they are not; then as much as the
growth of the queue says can be kept up with; then a little more from time to time, and less often
after each attempt that turned out to be too much.

Controlled delay: K. Nichols and V. Jacobson, ACM Queue 10(5), 2012.
"""

from collections import deque
from dataclasses import dataclass, field

JUDGED_OVER_S = 2.0
"""A decision needs looks over so long, at work that was sent out after the last decision."""
LATE = 2.0
"""Waiting so many targets, it is time to drain the queue."""
LONGEST_PATIENCE = 16
MARGIN = 0.8
"""How much of what could be kept up with is asked for."""
LEAST_GROWTH = 0.1


@dataclass(frozen=True, kw_only=True)
class SamplingRules:
    """When to sample, and how little at least."""

    least_fraction: float = 0.02
    target_s: float = 1.0
    hold_s: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Look:
    """Work that was finished since the last look: when its newest was sent out, its usual wait."""

    at_s: float
    sent_s: float
    waited_s: float


@dataclass(kw_only=True)
class Sampler:
    """Takes looks; `fraction` is what new work is sent out with."""

    rules: SamplingRules
    rung: int = 0
    waited_s: float = 0.0
    _looks: deque[Look] = field(default_factory=deque)
    _changed_s: float = float("-inf")
    _late_s: float = float("-inf")
    _resume: int | None = None
    _raised: bool = False
    _patience: int = 1

    @property
    def fraction(self) -> float:
        """Powers of the square root of two below 1, so that few values occur."""
        return self._at(self.rung)

    def idle(self, now_s: float) -> None:
        """Nothing was finished since the last look."""
        if now_s - max(self._late_s, self._changed_s) >= self.rules.hold_s:
            self.waited_s = 0.0
            self._looks.clear()
            self._relax(now_s)

    def take(self, look: Look) -> None:
        """What was finished since the last look, in order of time."""
        self.waited_s = look.waited_s
        if look.waited_s > self.rules.target_s:
            self._late_s = look.at_s
        if self._resume is not None:
            self._drain(look)
        elif look.sent_s >= self._changed_s:
            self._judge(look)

    def _drain(self, look: Look) -> None:
        if look.waited_s <= self.rules.target_s / 2 and self._resume is not None:
            self._move(self._resume, look.at_s)

    def _judge(self, look: Look) -> None:
        self._looks.append(look)
        while len(self._looks) > 2 and look.at_s - self._looks[1].at_s >= JUDGED_OVER_S:
            self._looks.popleft()
        first = self._looks[0]
        if look.at_s - first.at_s < JUDGED_OVER_S:
            return
        if min(seen.waited_s for seen in self._looks) > self.rules.target_s:
            self._lower(look, _growth(first, look))
        else:
            self._relax(look.at_s)

    def _lower(self, look: Look, growth: float) -> None:
        is_draining = growth < 0.0 and look.waited_s < LATE * self.rules.target_s
        if self.rung >= self._lowest() or is_draining:
            return
        if self._raised:
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)
        keeps_up = self.fraction * MARGIN / (1.0 + max(growth, LEAST_GROWTH))
        rung = next(r for r in range(self.rung + 1, self._lowest() + 1) if self._fits(r, keeps_up))
        is_late = look.waited_s > LATE * self.rules.target_s
        self._move(self._lowest() if is_late else rung, look.at_s)
        self._resume = rung if is_late else None

    def _fits(self, rung: int, fraction: float) -> bool:
        return self._at(rung) <= fraction or rung == self._lowest()

    def _relax(self, now_s: float) -> None:
        """One rung up when nothing was late for long enough."""
        hold_s = self.rules.hold_s * self._patience
        if self.rung == 0 or now_s - max(self._late_s, self._changed_s) < hold_s:
            return
        if self._raised:
            self._patience = max(1, self._patience // 2)
        self._move(self.rung - 1, now_s)
        self._raised = True

    def _move(self, rung: int, now_s: float) -> None:
        self.rung, self._changed_s, self._resume, self._raised = rung, now_s, None, False
        self._looks.clear()

    def _at(self, rung: int) -> float:
        return max(self.rules.least_fraction, round(float(2.0 ** (-rung / 2)), 4))

    def _lowest(self) -> int:
        return next(r for r in range(64) if self._at(r) <= self.rules.least_fraction)


def _growth(first: Look, last: Look) -> float:
    """By how many seconds the wait grew for each second that frames came in."""
    came_in_s = last.sent_s - first.sent_s
    return (last.waited_s - first.waited_s) / came_in_s if came_in_s > 0.0 else 0.0
