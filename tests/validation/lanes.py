"""Cases through a lane, replies kept in files, so that the slow lane runs once.

A reply depends on the frame and on the recipe only; the name of its file holds both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from libs.diffraction import FrameReply, FrameTask
from libs.diffraction.fast_lane import FastLane
from tests.validation.cases import Case
from tests.validation.judge import Verdict, judge


class Lane(Protocol):
    """Either lane."""

    def process(self, task: FrameTask) -> FrameReply: ...


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A case, a lane's reply and what is to be said of it."""

    case: Case
    reply: FrameReply
    verdict: Verdict


def run_cases(cases: Iterable[Case], lane: Lane, known: FastLane) -> Iterator[Judged]:
    """`known` tells the symmetry of each recipe."""
    for case in cases:
        reply = lane.process(case.task)
        crystal = known.recipe(case.task.recipe).crystal
        yield Judged(case=case, reply=reply, verdict=judge(case, reply.result, crystal))


class KeptReplies:
    """A lane whose replies are kept in `folder` under a name that the caller gives."""

    def __init__(self, lane: Lane, folder: Path, name: str) -> None:
        self._lane, self._folder, self._name = lane, folder, name
        folder.mkdir(parents=True, exist_ok=True)

    def process(self, task: FrameTask) -> FrameReply:
        kept = self._folder / f"{self._name}-{task.recipe.hash[:12]}-{task.index_in_file}.msgpack"
        if kept.exists():
            return msgspec.msgpack.decode(kept.read_bytes(), type=FrameReply)
        reply = self._lane.process(task)
        kept.write_bytes(msgspec.msgpack.encode(reply))
        return reply
