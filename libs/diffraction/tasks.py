"""What a worker is asked and what it answers. Plain values that travel over a pipe."""

import msgspec

from libs.crystallography.cells import Cell, CellProposal
from libs.messages import (
    FrameNumber,
    FrameResult,
    JobId,
    Recipe,
    ReflectionsIntegrated,
    RunId,
)


class FrameTask(msgspec.Struct, frozen=True, kw_only=True):
    """One frame to process, with everything that its result depends on."""

    job: JobId
    attempt: int
    run: RunId
    frame: FrameNumber
    file: str
    index_in_file: int
    recipe: Recipe
    index: bool = True
    """False: screen only (spots and solvent)."""
    run_started_us: int | None = None
    period_us: int | None = None
    written_us: int | None = None
    """When the file was last written, as it was announced; unknown: the file is asked."""
    time_zone: str = "UTC"
    keep_parts: bool = False
    """Whether to give back what the archive keeps."""


class ArchivePart(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive keeps of one frame: experiments as JSON, reflections as msgpack of DIALS."""

    frame: FrameNumber
    experiments: str = ""
    integrated: bytes = b""
    strong_experiments: str = ""
    strong: bytes = b""


class FramePictures(msgspec.Struct, frozen=True, kw_only=True):
    """What needs no indexing (libs/crystallography/profiles.py): raw float32 and uint32."""

    radial_mean: bytes
    spot_distances: bytes


class FrameReply(msgspec.Struct, frozen=True, kw_only=True):
    """One frame's result and what came with it."""

    result: FrameResult
    reflections: tuple[ReflectionsIntegrated, ...] = ()
    part: ArchivePart | None = None
    pictures: FramePictures | None = None


class ArchiveTask(msgspec.Struct, frozen=True, kw_only=True):
    """Write the parts of one chunk as one set of files."""

    folder: str
    name: str
    job: JobId
    attempt: int
    recipe: Recipe
    versions: dict[str, str]
    parts: tuple[ArchivePart, ...]
    files: tuple[str, ...] = ()
    """Where the frames lie."""


class CountTask(msgspec.Struct, frozen=True, kw_only=True):
    """How many images does this file hold?"""

    file: str


class RecipeTask(msgspec.Struct, frozen=True, kw_only=True):
    """Check a recipe's text and complete it with what the text decides."""

    recipe: Recipe


class StartTask(msgspec.Struct, frozen=True, kw_only=True):
    """Check that the installed software works; tell its versions."""


class RecipeRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The recipe cannot be used, and why."""

    reason: str


class CellsTask(msgspec.Struct, frozen=True, kw_only=True):
    """Which unit cells do these lattices (in P1) speak for?"""

    cells: tuple[Cell, ...]


Task = FrameTask | ArchiveTask | CountTask | RecipeTask | StartTask | CellsTask
Proposals = tuple[CellProposal, ...]
Reply = FrameReply | RecipeRefused | Recipe | Proposals | dict[str, str] | int | None
