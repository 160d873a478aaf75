"""The state of one partition of `frames`: the statistics of its jobs, and how far they reach.

A job of which nothing new comes leaves memory ("falls asleep"): the segments of its columns stay
in the checkpoint, from which it comes back.
Pure: gives and takes messages, writes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from libs.crystallography.rates import FrameColumns, JobStatistics
from libs.crystallography.rates.index import IntArray
from libs.messages import (
    CheckpointManifest,
    CheckpointSegment,
    FramesProcessed,
    HeldColumns,
    JobId,
    Lane,
    Settled,
)

SERVICE = "stats_aggregator"
Key = tuple[JobId, Lane]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What must become durable together; then `next_offset` may be acknowledged."""

    segments: tuple[CheckpointSegment, ...]
    manifest: CheckpointManifest
    obsolete: tuple[str, ...]
    """Names of segments that nothing needs any more."""


@dataclass(frozen=True, kw_only=True)
class Asleep:
    """A job that is not in memory: how many segments each lane has, and what its rates rest on."""

    n_segments: Mapping[Lane, int]
    settled: Settled


class PartitionState:
    """Statistics per job and lane, and the next offset that they do not hold."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.next_offset = 0
        self.statistics: dict[Key, JobStatistics] = {}
        self.asleep: dict[JobId, Asleep] = {}
        self.saved_offset = 0
        """The next offset that the last checkpoint does not hold."""
        self._obsolete: set[str] = set()
        self._is_moved = False

    @classmethod
    def restored(
        cls,
        number: int,
        manifest: CheckpointManifest,
        segments: Mapping[str, bytes],
        stored: Collection[str] = (),
    ) -> "PartitionState":
        """The state of a checkpoint; raises ValueError or KeyError when it is damaged.

        `segments`: those that `needed` names; `stored`: the names of all that there are.
        """
        state = cls(number)
        state.next_offset = state.saved_offset = manifest.next_offset
        held = held_by(manifest)
        for columns in held:
            key = (columns.job, columns.lane)
            if columns.settled is None:
                state.statistics[key] = _statistics(key, columns.n_segments, segments)
            else:
                state._put_to_sleep(key, columns.n_segments, columns.settled)
        names = {name for columns in held for name in names_of(columns)}
        if stored and not names <= set(stored):
            raise KeyError(min(names - set(stored)))
        state._obsolete, state._is_moved = set(stored) - names, False
        return state

    @property
    def jobs(self) -> frozenset[JobId]:
        """All jobs of the partition, asleep or not."""
        return frozenset(job for job, _ in self.statistics) | frozenset(self.asleep)

    def count(self, batches: Sequence[FramesProcessed]) -> IntArray:
        """Count messages of one job and lane; gives the frames (int64) that changed.

        The job must be awake. How far the partition is counted, `skip` is told. Raises
        BadMessageError.
        """
        key = (batches[0].job, batches[0].lane)
        statistics = self.statistics.get(key)
        if statistics is None:
            statistics = JobStatistics()
        changed = statistics.frames_changed_by(batches)
        self.statistics[key] = statistics
        return changed

    def skip(self, offset: int) -> None:
        """Everything up to this offset is counted, or not wanted."""
        self.next_offset = max(self.next_offset, offset + 1)

    def begin_anew(self) -> None:
        """The offsets of the topic began at 0 again: what is counted stays, nothing is skipped."""
        self.next_offset = 0

    def is_durable(self, job: JobId) -> bool:
        """Whether the last checkpoint holds everything of a job."""
        return not any(s.columns.is_dirty for (j, _), s in self.statistics.items() if j == job)

    def sleep(self, job: JobId, settled: Settled) -> None:
        """Drop a durable job from memory."""
        for key in [key for key in self.statistics if key[0] == job]:
            self._put_to_sleep(key, self.statistics.pop(key).columns.n_segments, settled)

    def wanted(self, job: JobId) -> tuple[str, ...]:
        """The segments with which a sleeping job can be woken."""
        lanes = self.asleep[job].n_segments.items()
        return tuple(_name((job, lane), i) for lane, n in lanes for i in range(n))

    def wake(self, job: JobId, segments: Mapping[str, bytes]) -> None:
        """Bring a job back into memory. Raises ValueError or KeyError for damaged segments."""
        for lane, n_segments in self.asleep[job].n_segments.items():
            self.statistics[(job, lane)] = _statistics((job, lane), n_segments, segments)
        del self.asleep[job]
        self._is_moved = True

    def forget(self, job: JobId) -> bool:
        """Drop a job's statistics and, with the next checkpoint, its segments."""
        held = [columns for columns in self._held() if columns.job == job]
        self._obsolete.update(name for columns in held for name in names_of(columns))
        for columns in held:
            self.statistics.pop((job, columns.lane), None)
        self.asleep.pop(job, None)
        return bool(held)

    @property
    def is_saved(self) -> bool:
        """Whether the last checkpoint holds everything."""
        is_seen = self.next_offset == self.saved_offset
        return is_seen and not self._obsolete and not self._is_moved

    def checkpoint(self, now_us: int) -> Checkpoint:
        """What changed since the last one; the caller makes it durable or ends the process."""
        changed = [
            CheckpointSegment(
                service=SERVICE,
                partition=self.number,
                segment=_name(key, number),
                state=statistics.columns.segment(number),
            )
            for key, statistics in self.statistics.items()
            for number in statistics.columns.dirty_segments()
        ]
        held = self._held()
        names = {name for columns in held for name in names_of(columns)} if self._obsolete else ()
        obsolete, self._obsolete = tuple(sorted(self._obsolete.difference(names))), set()
        self.saved_offset, self._is_moved = self.next_offset, False
        manifest = CheckpointManifest(
            service=SERVICE,
            partition=self.number,
            next_offset=self.next_offset,
            segments=(),
            written_us=now_us,
            held=held,
        )
        return Checkpoint(segments=tuple(changed), manifest=manifest, obsolete=obsolete)

    def _put_to_sleep(self, key: Key, n_segments: int, settled: Settled) -> None:
        job, lane = key
        known = self.asleep[job].n_segments if job in self.asleep else {}
        self.asleep[job] = Asleep(n_segments={**known, lane: n_segments}, settled=settled)
        self._is_moved = True

    def _held(self) -> tuple[HeldColumns, ...]:
        awake = [
            HeldColumns(job=job, lane=lane, n_segments=statistics.columns.n_segments)
            for (job, lane), statistics in self.statistics.items()
        ]
        asleep = [
            HeldColumns(job=job, lane=lane, n_segments=n, settled=one.settled)
            for job, one in self.asleep.items()
            for lane, n in one.n_segments.items()
        ]
        return (*awake, *asleep)


def held_by(manifest: CheckpointManifest) -> tuple[HeldColumns, ...]:
    """What a manifest holds, also one of those that named every segment."""
    counts: dict[Key, int] = {}
    for name in manifest.segments:
        job, lane, number = name.rsplit("#", 2)
        key = (JobId(job), Lane(lane))
        counts[key] = max(counts.get(key, 0), int(number) + 1)
    named = [HeldColumns(job=job, lane=lane, n_segments=n) for (job, lane), n in counts.items()]
    return (*manifest.held, *named)


def names_of(columns: HeldColumns) -> tuple[str, ...]:
    """The names of the segments of some columns."""
    return tuple(_name((columns.job, columns.lane), number) for number in range(columns.n_segments))


def needed(manifest: CheckpointManifest) -> tuple[str, ...]:
    """The segments without which a state cannot be restored: those of jobs in memory."""
    awake = [columns for columns in held_by(manifest) if columns.settled is None]
    return tuple(name for columns in awake for name in names_of(columns))


def _statistics(key: Key, n_segments: int, segments: Mapping[str, bytes]) -> JobStatistics:
    parts = (segments[_name(key, number)] for number in range(n_segments))
    return JobStatistics(columns=FrameColumns.restored(parts))


def _name(key: Key, number: int) -> str:
    return f"{key[0]}#{key[1].value}#{number}"
