"""Follows the statistics of one job and knows its advice at any time; a late frame included.

The result is a function of the frames alone: whatever their order, the episodes are those that a
fresh adviser finds. An update costs the seconds from the oldest change on.
"""

import numpy as np

from libs.crystallography.advice.crystals import CrystalsPerShot
from libs.crystallography.advice.evidence import advice_of, crystals_of
from libs.crystallography.advice.history import Episode, end_us, episodes, silence_after
from libs.crystallography.advice.reference import Reference, reference_of
from libs.crystallography.advice.states import CAUSES, states
from libs.crystallography.advice.tallies import T, tally
from libs.crystallography.advice.timeline import Timeline
from libs.crystallography.advice.view import LONG_S, BoolArray
from libs.crystallography.rates import JobStatistics, Rules
from libs.messages import AdviceRaised, JobId
from libs.messages.units import US_PER_SECOND

BEGINNING = 0


class Adviser:
    """The timeline of a job, the states of its seconds, and the episodes they make."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.episodes: tuple[Episode, ...] = ()
        self._held: BoolArray = np.zeros((0, len(CAUSES)), np.bool_)
        self._rules: Rules | None = None
        self._reference: Reference | None = None

    def update(self, statistics: JobStatistics) -> bool:
        """Take what changed in the statistics since the last call; False where nothing did."""
        oldest = statistics.columns.take_oldest_change_us()
        if self._needs_all(statistics, oldest):
            oldest = BEGINNING
        if oldest is not None:
            self._rebuild(statistics, oldest // US_PER_SECOND)
        return oldest is not None

    def seen_at(self, until_us: int) -> tuple[Episode, ...]:
        """What was known at a moment of event time: later seconds may still be incomplete."""
        seen = (episode.seen_at(until_us) for episode in self.episodes)
        return tuple(episode for episode in seen if episode is not None)

    @property
    def last_us(self) -> int:
        """The end of the last second with frames; there must be one."""
        return end_us(self.timeline, len(self.timeline) - 1)

    def at_end(self) -> tuple[Episode, ...]:
        """What is known of a run that is over: nothing holds beyond its last second."""
        return tuple(episode.ended(self.last_us) for episode in self.episodes)

    def advice(self, job: JobId, episode: Episode) -> AdviceRaised:
        """The message of an episode."""
        return advice_of(job, self.timeline, episode)

    def silence(self) -> tuple[Episode, ...]:
        """The episode that holds if nothing came for 10 s after the last frame."""
        return silence_after(self.timeline, len(self.timeline) - 1)

    def frames_per_s(self) -> float:
        """Results per second of event time, over the last minute that has frames."""
        if not len(self.timeline):
            return 0.0
        last = np.array([len(self.timeline) - 1])
        n_frames = int(self.timeline.window(last, LONG_S)[0, T.KNOWN])
        first = int(self.timeline.first_within(last, LONG_S)[0])
        return n_frames / int(self.timeline.second[-1] - self.timeline.second[first] + 1)

    def crystals_per_shot(self) -> CrystalsPerShot | None:
        """Over the last minute; None before the first frame."""
        if not len(self.timeline):
            return None
        return crystals_of(self.timeline.window(np.array([len(self.timeline) - 1]), LONG_S)[0])

    def _needs_all(self, statistics: JobStatistics, oldest_us: int | None) -> bool:
        rules, reference = statistics.rules, self._reference
        is_known = rules == self._rules
        self._rules = rules
        if is_known and (oldest_us is None or (reference and oldest_us > reference.until_us)):
            return False
        self._reference = reference_of(statistics.columns.rows, statistics.bits)
        return not is_known or self._reference != reference

    def _rebuild(self, statistics: JobStatistics, second: int) -> None:
        kept = self.timeline.cut(second)
        rows = statistics.columns.rows_since(second * US_PER_SECOND)
        found = tally(
            statistics.columns.rows[rows],
            statistics.bits[rows],
            statistics.rules.cutoffs,
            self._reference,
        )
        self.timeline.append(found)
        before = self._held[kept - 1] if kept else None
        self._held = np.concatenate([self._held[:kept], states(self.timeline, kept, before)])
        self.episodes = episodes(self.timeline, self._held)
