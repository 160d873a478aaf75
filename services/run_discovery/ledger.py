"""What has been announced so far: a fold over our own messages, and nothing else. Pure.

Reading the runs topic from its beginning through `record` gives the state that the service had
when it stopped, however it stopped; a message that stands there twice changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from libs.messages import FramesArrived, FrameSpan, Message, RunEnded, RunId, RunStarted

RunKey = tuple[str, str, str]
"""Experiment, source, number: what the versions of a run share."""


@dataclass(frozen=True, kw_only=True)
class FileAnnounced:
    """Frames `first_frame` … `first_frame + count - 1` of one file have been announced."""

    path: str
    first_frame: int
    count: int
    written_us: int


@dataclass(frozen=True, kw_only=True)
class RunAnnounced:
    """What has been announced of one version of one run."""

    started: RunStarted
    files: Mapping[str, FileAnnounced] = field(default_factory=dict)
    """By `file_key`."""
    places: frozenset[int] | set[int] = frozenset()
    """The first frame of each file."""
    next_sequence: int = 0
    n_frames: int = 0
    newest_us: int = 0
    ended_frames: int | None = None
    """What the last RunEnded said; None while there was none."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Every announced run, and the newest version of each."""

    runs: Mapping[RunId, RunAnnounced] = field(default_factory=dict)
    newest: Mapping[RunKey, tuple[int, RunId]] = field(default_factory=dict)
    """Version and identity."""

    def latest(self, key: RunKey) -> RunAnnounced | None:
        """The newest version of a run, if any was announced."""
        newest = self.newest.get(key)
        return None if newest is None else self.runs[newest[1]]

    def count_open(self, experiment: str, source: str) -> int:
        """Runs of a source that have not ended."""
        mine = (run for key, (_, run) in self.newest.items() if key[:2] == (experiment, source))
        return sum(self.runs[run].ended_frames is None for run in mine)


def file_key(path: str) -> str:
    """What stays when a file is compressed in place: its path without `.bz2` or `.gz`."""
    return path.removesuffix(".bz2").removesuffix(".gz")


def record(ledger: Ledger, messages: Iterable[Message]) -> Ledger:
    """The ledger after these messages; the one given is left as it was."""
    drafts: dict[RunId, RunAnnounced] = {}
    newest = dict(ledger.newest)
    for message in messages:
        match message:
            case RunStarted():
                if message.run not in ledger.runs and message.run not in drafts:
                    drafts[message.run] = RunAnnounced(started=message, files={}, places=set())
                key = (message.experiment, message.source, message.number)
                if key not in newest or newest[key][0] < message.version:
                    newest[key] = (message.version, message.run)
            case FramesArrived() | RunEnded():
                draft = drafts.get(message.run) or _copy(ledger.runs.get(message.run))
                if draft is not None:
                    drafts[message.run] = _grown(draft, message)
            case _:
                pass
    return Ledger(runs={**ledger.runs, **drafts}, newest=newest)


def _copy(run: RunAnnounced | None) -> RunAnnounced | None:
    return run and replace(run, files=dict(run.files), places=set(run.places))


def _grown(draft: RunAnnounced, message: FramesArrived | RunEnded) -> RunAnnounced:
    """The draft with this message; its `files` and `places` are its own and grow in place."""
    if isinstance(message, RunEnded):
        return replace(draft, ended_frames=message.n_frames)
    files, places = cast("dict[str, FileAnnounced]", draft.files), cast("set[int]", draft.places)
    n_frames = draft.n_frames
    for span in message.spans:
        old = files.get(file_key(span.file))
        files[file_key(span.file)] = new = _file_with(old, span)
        places.add(new.first_frame)
        n_frames += new.count - (0 if old is None else old.count)
    return replace(
        draft,
        n_frames=n_frames,
        newest_us=max([draft.newest_us, *(span.written_us for span in message.spans)]),
        next_sequence=max(draft.next_sequence, message.sequence + 1),
    )


def _file_with(old: FileAnnounced | None, span: FrameSpan) -> FileAnnounced:
    end = span.first_index + span.count
    if old is None:
        return FileAnnounced(
            path=span.file,
            first_frame=span.first_frame - span.first_index,
            count=end,
            written_us=span.written_us,
        )
    written_us = max(old.written_us, span.written_us)
    return replace(old, count=max(old.count, end), written_us=written_us)
