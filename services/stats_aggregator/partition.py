"""The state of one partition of `frames`: the statistics of its jobs, and how far they reach.

A checkpoint is the segments that changed and then a manifest (the next offset, all segments that
belong to it). A crash in between leaves segments that are newer than their manifest; they are
harmless, because rows are upserts by precedence: the messages between the manifest's offset and the
segments are read again and change nothing. Segments that no manifest names are ignored.
Pure: gives and takes messages, writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.crystallography.rates import FrameColumns, JobStatistics
from libs.crystallography.rates.index import IntArray
from libs.messages import (
    CheckpointManifest,
    CheckpointSegment,
    FramesProcessed,
    JobId,
    Lane,
)

SERVICE = "stats_aggregator"
Key = tuple[JobId, Lane]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What must become durable, in this order; then `next_offset` may be acknowledged."""

    segments: tuple[CheckpointSegment, ...]
    manifest: CheckpointManifest
    obsolete: tuple[str, ...]
    """Names of segments that nothing needs any more."""


class PartitionState:
    """Statistics per job and lane, and the next offset that they do not hold."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.next_offset = 0
        self.statistics: dict[Key, JobStatistics] = {}
        self.saved_offset = 0
        """The next offset that the last checkpoint does not hold."""
        self._obsolete: set[str] = set()

    @classmethod
    def restored(
        cls, number: int, manifest: CheckpointManifest, segments: Mapping[str, bytes]
    ) -> "PartitionState":
        """The state of a checkpoint; raises ValueError or KeyError when it is damaged."""
        state = cls(number)
        state.next_offset = state.saved_offset = manifest.next_offset
        parts: dict[Key, list[tuple[int, str]]] = {}
        for name in manifest.segments:
            key, position = _parsed(name)
            parts.setdefault(key, []).append((position, name))
        for key, named in parts.items():
            columns = FrameColumns.restored(segments[name] for _, name in sorted(named))
            state.statistics[key] = JobStatistics(columns=columns)
        state._obsolete = set(segments) - set(manifest.segments)
        return state

    def count(self, batches: Sequence[FramesProcessed]) -> IntArray:
        """Count messages of one job and lane; gives the frames (int64) that changed.

        How far the partition is counted, `skip` is told. Raises BadMessageError.
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

    def forget(self, job: JobId) -> bool:
        """Drop a job's statistics and, with the next checkpoint, its segments."""
        keys = [key for key in self.statistics if key[0] == job]
        for key in keys:
            columns = self.statistics.pop(key).columns
            self._obsolete |= {_name(key, number) for number in range(columns.n_segments)}
        return bool(keys)

    @property
    def is_saved(self) -> bool:
        """Whether the last checkpoint holds everything."""
        return self.next_offset == self.saved_offset and not self._obsolete

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
        held = [
            _name(key, number)
            for key, statistics in self.statistics.items()
            for number in range(statistics.columns.n_segments)
        ]
        obsolete, self._obsolete = tuple(sorted(self._obsolete - set(held))), set()
        self.saved_offset = self.next_offset
        return Checkpoint(
            segments=tuple(changed),
            manifest=CheckpointManifest(
                service=SERVICE,
                partition=self.number,
                next_offset=self.next_offset,
                segments=tuple(held),
                written_us=now_us,
            ),
            obsolete=obsolete,
        )


def _name(key: Key, number: int) -> str:
    return f"{key[0]}#{key[1].value}#{number}"


def _parsed(name: str) -> tuple[Key, int]:
    job, lane, number = name.rsplit("#", 2)
    return (JobId(job), Lane(lane)), int(number)
