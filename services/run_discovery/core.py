"""The decision of run_discovery: what was announced, what is on disk now → what to announce.

Pure. Frame numbers: an image file has the number in its name. Images in HDF5 have the file's own
counter (`sequence_number`); without one, the number in the file's name (less the first file's)
times `frames_per_file`, plus the index. None of these depends on what arrived before, so that late
files never renumber. A file without a number, or whose number is taken, gets the next free place
once, and keeps it because the announcement says so.
"""

from collections.abc import Iterator
from itertools import islice

from libs.messages import (
    FrameNumber,
    FramesArrived,
    FrameSpan,
    Message,
    RunEnded,
    RunId,
    RunStarted,
    TimestampSource,
    run_id,
)
from services.run_discovery.ledger import FileAnnounced, Ledger, RunAnnounced, file_key
from services.run_discovery.sightings import FileSeen, Mode, RunSeen, Source, Stretch, started

MAX_SPANS = 500
"""Spans in one message: keeps a record below some 200 KiB."""
US_PER_SECOND = 1_000_000
EVIDENCE_FILES = 3


def announce(ledger: Ledger, source: Source, seen: RunSeen, now_us: int) -> list[Message]:
    """The messages that this sight of a run calls for; none when nothing is new."""
    old = ledger.latest((source.experiment, source.name, seen.number))
    version = 1
    if old is not None and rewritten(old, source, seen):
        version, old = old.started.version + 1, None
    spans = list(_new_spans(old, source, seen, now_us))
    n_frames = sum(span.count for span in spans) + (0 if old is None else old.n_frames)
    reason = _end_reason(old, source, seen, n_frames, now_us)
    if old is None and not spans and (reason is None or not _worth_a_run(source, seen)):
        return []
    messages: list[Message] = []
    if old is None:
        messages.append(_started(source, seen, version, now_us))
        run = run_id(source.experiment, source.name, seen.number, version)
    else:
        run = old.started.run
    messages += _arrived(run, spans, 0 if old is None else old.next_sequence, now_us)
    if reason is not None and (old is None or old.ended_frames != n_frames):
        messages.append(RunEnded(run=run, n_frames=n_frames, reason=reason, announced_us=now_us))
    return messages


def rewritten(old: RunAnnounced, source: Source, seen: RunSeen) -> bool:
    """Whether the files on disk are others than those announced under the same names."""
    pairs = ((file, old.files.get(file_key(file.path))) for file in seen.files)
    known = [(file, was) for file, was in pairs if was is not None and was.path == file.path]
    if not known:
        return False
    if source.mode is Mode.IMAGE_FILES:
        return all(file.written_us != was.written_us for file, was in known[:EVIDENCE_FILES])
    return any(_shrunk(file, was) for file, was in known) or _restarted(old, known)


def overfull(source: Source, seen: RunSeen) -> list[str]:
    """Complaints about HDF5 files with more frames than their numbers have room for."""
    limit = source.frames_per_file
    return [
        f"{file.path} holds {file.readable} frames, of which only the first {limit} are announced: "
        f"frames_per_file of source {source.name} is too small"
        for file in seen.files
        if file.readable is not None and file.readable > limit and not file.counter
    ]


def _shrunk(file: FileSeen, was: FileAnnounced) -> bool:
    fewer = file.readable is not None and 0 < file.readable < was.count
    return fewer and file.written_us > was.written_us


def _restarted(old: RunAnnounced, known: list[tuple[FileSeen, FileAnnounced]]) -> bool:
    """Every announced file is there with a start time of its own, none of them the announced."""
    stamps = {file.start_us for file, _ in known}
    header = old.started.started_source is TimestampSource.RUN_START_AND_PERIOD
    complete = len(known) == len(old.files) and None not in stamps
    return header and complete and old.started.started_us not in stamps


def _new_spans(
    old: RunAnnounced | None, source: Source, seen: RunSeen, now_us: int
) -> Iterator[FrameSpan]:
    done = {} if old is None else {key: file.count for key, file in old.files.items()}
    taken = set() if old is None else set(old.places)
    ending = _nothing_more_comes(old, source, seen, now_us)
    for file in sorted(seen.files, key=lambda f: (f.number is None, f.number, f.path)):
        key = file_key(file.path)
        begun, count = done.get(key, 0), _countable(source, file, ending=ending)
        if count <= begun:
            continue
        was = None if old is None else old.files.get(key)
        first = _first_frame(source, file, taken) if was is None else was.first_frame
        taken.add(first)
        done[key] = count
        for piece in _numbered(source, file, first, begun, count):
            yield FrameSpan(
                file=file.path,
                first_index=piece.first_index,
                first_frame=FrameNumber(piece.first_frame),
                count=piece.count,
                written_us=file.written_us,
            )


def _numbered(
    source: Source, file: FileSeen, first: int, begun: int, count: int
) -> Iterator[Stretch]:
    """Images `begun` … `count - 1`; the counter holds if the file's first frame came from it."""
    if not file.counter or file.counter[0].first_frame != first:
        limit = min(count, source.frames_per_file)
        if begun < limit:
            yield Stretch(first_index=begun, first_frame=first + begun, count=limit - begun)
        return
    for piece in (*file.counter, _beyond(file.counter[-1], count)):
        start, end = max(piece.first_index, begun), min(piece.first_index + piece.count, count)
        if start < end:
            shift = piece.first_frame - piece.first_index
            yield Stretch(first_index=start, first_frame=start + shift, count=end - start)


def _beyond(last: Stretch, count: int) -> Stretch:
    """Images at the end of a run that the counter does not reach."""
    index = last.first_index + last.count
    return Stretch(
        first_index=index, first_frame=last.first_frame + last.count, count=count - index
    )


def _countable(source: Source, file: FileSeen, *, ending: bool) -> int:
    """How many frames of a file may be announced now; 1 for a file that will stay unreadable."""
    if file.readable is None:
        if source.mode is Mode.STATUS_FILE and not ending:
            return 0
        patience_s = source.settled_s if file.plausible else source.unreadable_after_s
        return int(file.quiet_s >= patience_s)
    if ending and file.quiet_s >= source.settled_s:
        return max(file.readable, file.extent)
    return file.readable


def _pending(source: Source, file: FileSeen) -> bool:
    """Whether more of this file may yet be announced, even if nobody touches it again."""
    if file.readable is None:
        return _countable(source, file, ending=True) == 0
    return file.extent > file.readable and file.quiet_s < source.settled_s


def _first_frame(source: Source, file: FileSeen, taken: set[int]) -> int:
    if file.counter and file.counter[0].first_frame not in taken:
        return file.counter[0].first_frame
    step = 1 if source.mode is Mode.IMAGE_FILES else source.frames_per_file
    first = 0 if source.mode is Mode.IMAGE_FILES else source.first_file_number
    wanted = 0 if file.number is None else max(file.number - first, 0) * step
    return wanted if wanted not in taken else max(taken) + step


def _nothing_more_comes(
    old: RunAnnounced | None, source: Source, seen: RunSeen, now_us: int
) -> bool:
    return seen.finished or _age_s(old, seen, now_us) >= (source.finished_after_s or float("inf"))


def _age_s(old: RunAnnounced | None, seen: RunSeen, now_us: int) -> float:
    times = [file.written_us for file in seen.files]
    newest_us = max([seen.folder_us, 0 if old is None else old.newest_us, *times])
    return (now_us - newest_us) / US_PER_SECOND


def _end_reason(
    old: RunAnnounced | None, source: Source, seen: RunSeen, n_frames: int, now_us: int
) -> str | None:
    """Why the run is over, in words; None while it is not."""
    if source.frames_expected is not None and n_frames >= source.frames_expected:
        return f"all {source.frames_expected} expected frames are there"
    if any(_pending(source, file) for file in seen.files):
        return None
    if seen.finished:
        return "status.txt says Status=Finished"
    if _nothing_more_comes(old, source, seen, now_us):
        return f"nothing was written for {source.finished_after_s:g} s"
    return None


def _worth_a_run(source: Source, seen: RunSeen) -> bool:
    """A finished run without frames is news; an old empty folder is not."""
    return source.mode is Mode.STATUS_FILE and (seen.finished or bool(seen.files))


def _started(source: Source, seen: RunSeen, version: int, now_us: int) -> RunStarted:
    started_us, how = started(seen)
    periods = (file.period_us for file in seen.files if file.period_us is not None)
    return RunStarted(
        run=run_id(source.experiment, source.name, seen.number, version),
        experiment=source.experiment,
        source=source.name,
        number=seen.number,
        version=version,
        path=seen.path,
        started_us=started_us,
        started_source=how,
        announced_us=now_us,
        period_us=source.period_us if source.period_us is not None else next(periods, None),
        time_zone=source.time_zone,
        tags=source.tags,
    )


def _arrived(
    run: RunId, spans: list[FrameSpan], sequence: int, now_us: int
) -> Iterator[FramesArrived]:
    rest = iter(spans)
    while batch := tuple(islice(rest, MAX_SPANS)):
        yield FramesArrived(run=run, sequence=sequence, spans=batch, announced_us=now_us)
        sequence += 1
