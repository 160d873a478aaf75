"""Workers with everything that chunks need beside them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from libs.diffraction import ArchiveTask, FrameReply, FrameTask
from libs.streams import Sink
from services.frame_processor.core import Origin
from services.frame_processor.ranked_threads import RankedThreads


class Frames(Protocol):
    """Who processes frames: blocking calls, made from threads."""

    @property
    def size(self) -> int:
        """How many frames run at a time."""
        ...

    def process(self, task: FrameTask) -> FrameReply:
        """One frame; raises RecipeError."""
        ...

    def write_archive(self, task: ArchiveTask) -> None:
        """One chunk's files; raises DiffractionError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """One pool of workers; as many threads as workers wait for them."""

    frames: Frames
    threads: RankedThreads
    sink: Sink
    origin: Origin
    archive_folder: Path | None = None
    is_reference: bool = False
    """Results that are only compared with others: their reflections are kept to ourselves."""
