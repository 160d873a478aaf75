"""What is known of runs, and which chunks of work follow from it. Pure.

Chunks are a function of the arrival, the chunk size and the arrival's sampled fraction, which is
durable before they are sent (fractions.py): the same arrival gives the same chunks with the same
ids, however often it is dispatched.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from libs.messages import (
    BadMessageError,
    FrameNumber,
    FramesArrived,
    FrameSpan,
    FramesToProcess,
    JobId,
    Message,
    Recipe,
    RunEnded,
    RunId,
    RunStarted,
)

CHUNKS_PER_ARRIVAL = 1 << 20
HIGHEST_SEQUENCE = 1 << 40


@dataclass(kw_only=True)
class RunKnown:
    """One run: how it began, and what has arrived, by sequence."""

    started: RunStarted | None = None
    arrivals: dict[int, FramesArrived] = field(default_factory=dict)
    inherited: int = -1
    """The highest sequence that had arrived before this process began."""


@dataclass(kw_only=True)
class RunBook:
    """All runs of the topic; grows with them for ever, some hundred bytes for each span."""

    runs: dict[RunId, RunKnown] = field(default_factory=dict)

    def take(self, message: Message, *, inherited: bool = False) -> RunId | None:
        """Remember a message; gives the run that has news. Repeats change nothing.

        `inherited`: it was there before this process began.
        """
        match message:
            case RunStarted():
                known = self._run(message.run)
                known.started = known.started or message
            case FramesArrived():
                _check(message)
                known = self._run(message.run)
                if message.sequence in known.arrivals:
                    return None
                known.arrivals[message.sequence] = message
                if inherited:
                    known.inherited = max(known.inherited, message.sequence)
            case RunEnded():
                return None
            case _:
                raise BadMessageError(f"{type(message).__name__} says nothing about runs")
        return message.run

    def _run(self, run: RunId) -> RunKnown:
        return self.runs.setdefault(run, RunKnown())


def _check(arrival: FramesArrived) -> None:
    frames = sum(span.count for span in arrival.spans)
    if not 0 <= arrival.sequence < HIGHEST_SEQUENCE or any(s.count < 1 for s in arrival.spans):
        raise BadMessageError(f"arrival {arrival.sequence}: a negative number or an empty span")
    if frames > CHUNKS_PER_ARRIVAL or any(_last_frame(s) >= 1 << 63 for s in arrival.spans):
        raise BadMessageError(f"{frames} frames in one arrival: announce at most a million at once")


def _last_frame(span: FrameSpan) -> int:
    return max(abs(span.first_frame), abs(span.first_index)) + span.count


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What the chunks of one attempt of a job have in common."""

    job: JobId
    attempt: int
    recipe: Recipe
    started: RunStarted
    live_from_us: int


def due(known: RunKnown, next_sequence: int, sent: Collection[int]) -> list[int]:
    """Sequences that are still to be sent, in order."""
    return sorted(s for s in known.arrivals if s >= next_sequence and s not in sent)


def first_missing(next_sequence: int, sent: Collection[int]) -> int:
    """The first sequence that was not sent: everything below it is durable."""
    while next_sequence in sent:
        next_sequence += 1
    return next_sequence


def is_live(arrival: FramesArrived, work: Work) -> bool:
    """Frames that arrived before the trial was switched on, or the job restarted, can wait."""
    return arrival.announced_us >= work.live_from_us


def chunks_of(
    arrival: FramesArrived,
    work: Work,
    *,
    chunk_frames: int,
    dispatched_us: int,
    index_fraction: float = 1.0,
) -> list[FramesToProcess]:
    """The arrival's frames in chunks of at most `chunk_frames`."""
    return [
        FramesToProcess(
            job=work.job,
            attempt=work.attempt,
            chunk=arrival.sequence * CHUNKS_PER_ARRIVAL + position,
            run=arrival.run,
            spans=spans,
            recipe=work.recipe,
            run_started_us=work.started.started_us,
            announced_us=arrival.announced_us,
            dispatched_us=dispatched_us,
            period_us=work.started.period_us,
            time_zone=work.started.time_zone,
            index_fraction=index_fraction,
        )
        for position, spans in enumerate(split_spans(arrival.spans, chunk_frames))
    ]


def split_spans(spans: Sequence[FrameSpan], size: int) -> Iterator[tuple[FrameSpan, ...]]:
    """Groups of spans with `size` frames each, the last one with what is left."""
    group: list[FrameSpan] = []
    room = size
    for span in spans:
        done = 0
        while done < span.count:
            taken = min(room, span.count - done)
            group.append(_part(span, done, taken))
            done, room = done + taken, room - taken
            if room == 0:
                yield tuple(group)
                group, room = [], size
    if group:
        yield tuple(group)


def _part(span: FrameSpan, start: int, count: int) -> FrameSpan:
    return msgspec.structs.replace(
        span,
        first_index=span.first_index + start,
        first_frame=FrameNumber(span.first_frame + start),
        count=count,
    )
