"""Workers and a queue in model time, fed by the sampler's own decisions: no clock, no thread."""

import heapq
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from services.job_dispatcher.sampling import Look, Sampler

CHUNK = 4
LOOK_S = 0.5


@dataclass(kw_only=True)
class QueueModel:
    """`rate_hz` of frames at a time; costs in seconds of one worker, indexing of a hit ± half."""

    sampler: Sampler
    rate_hz: Callable[[float], float]
    workers: int = 2
    screen_s: float = 0.005
    index_s: float = 0.05
    hits: float = 0.25
    seed: int = 0
    waits: list[tuple[float, float]] = field(default_factory=list)
    """(sent, how long it waited) of every chunk."""
    fractions: list[tuple[float, float]] = field(default_factory=list)
    """(from when, fraction), at each change."""

    def run(self, seconds: float) -> "QueueModel":
        """Let frames come in for so long."""
        random_ = random.Random(self.seed)
        free, finished = [0.0] * self.workers, []
        now, next_look = 0.0, 0.0
        while now < seconds:
            now += random_.expovariate(self.rate_hz(now) / CHUNK)
            while next_look <= now:
                self._look(next_look, finished)
                next_look += LOOK_S
            self._chunk(now, free, finished, random_)
        return self

    def _chunk(
        self,
        now: float,
        free: list[float],
        finished: list[tuple[float, float, float]],
        random_: random.Random,
    ) -> None:
        waited = max(0.0, free[0] - now)
        self.waits.append((now, waited))
        for _ in range(CHUNK):
            cost = self.screen_s
            if random_.random() < self.hits and random_.random() < self.sampler.fraction:
                cost += self.index_s * random_.uniform(0.5, 1.5)
            ends = max(now, heapq.heappop(free)) + cost
            heapq.heappush(free, ends)
            heapq.heappush(finished, (ends, now, waited))

    def _look(self, now: float, finished: list[tuple[float, float, float]]) -> None:
        seen = []
        while finished and finished[0][0] <= now:
            seen.append(heapq.heappop(finished))
        before = self.sampler.fraction
        if seen:
            waited = statistics.median(wait for _, _, wait in seen)
            self.sampler.take(Look(at_s=now, sent_s=max(s for _, s, _ in seen), waited_s=waited))
        else:
            self.sampler.idle(now)
        if self.sampler.fraction != before:
            self.fractions.append((now, self.sampler.fraction))

    def waited(self, since_s: float, quantile: float) -> float:
        """A quantile of the waits of what was sent since then."""
        waits = sorted(wait for sent, wait in self.waits if sent >= since_s)
        return waits[int(quantile * (len(waits) - 1))]

    def mean_fraction(self, since_s: float) -> float:
        """The fraction, averaged over the chunks sent since then."""
        changes, at, total = [*self.fractions, (float("inf"), 0.0)], 0, []
        current = 1.0
        for sent, _ in self.waits:
            while changes[at][0] <= sent:
                current, at = changes[at][1], at + 1
            total += [current] if sent >= since_s else []
        return statistics.mean(total)
