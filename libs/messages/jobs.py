"""Jobs and the work that they hand out."""

import hashlib
from typing import Any

import msgspec

from libs.messages.base import Message, Part
from libs.messages.identities import JobId, JobState, Lane, RunId
from libs.messages.runs import FrameSpan


class RecipeFile(Part, frozen=True, kw_only=True):
    """A file that the PHIL text names (geometry, mask …), by content."""

    parameter: str
    path: str
    sha256: str


class Cutoffs(Part, frozen=True, kw_only=True):
    """The cut-offs of a trial; every one can be changed later without reprocessing."""

    hit: int = 40
    solvent: float = 1.0
    lattices: int = 2
    d_min_quality_angstrom: float = 2.5
    i_sigi: float = 1.0


class Recipe(Part, frozen=True, kw_only=True):
    """Everything that decides how a frame is processed: trial and run group together."""

    phil: str
    d_min_angstrom: float
    lane: Lane = Lane.DIALS
    min_spots_to_index: int = 16
    solvent_high_two_theta_deg: float | None = None
    solvent_low_two_theta_deg: float | None = None
    solvent_high_angstrom: float = 3.29
    solvent_low_angstrom: float = 5.97
    cutoffs: Cutoffs = Cutoffs()
    files: tuple[RecipeFile, ...] = ()
    timeout_cpu_s: float = 60.0
    timeout_wall_s: float = 600.0
    lane_reason: str = ""
    """Why the lane is not the fast one that was asked for."""

    @property
    def hash(self) -> str:
        """16 hex digits over the processing parameters and the bytes of the files they name.

        Cut-offs, time limits, file paths and the reason for the lane change no result and are left
        out.
        """
        content: dict[str, Any] = msgspec.to_builtins(self)
        for name in ("cutoffs", "timeout_cpu_s", "timeout_wall_s", "lane_reason"):
            content.pop(name, None)
        content["files"] = [[f.parameter, f.sha256] for f in self.files]
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:16]


class JobChanged(Message, frozen=True, kw_only=True):
    """A job was made, restarted (a higher attempt), stopped or deleted."""

    job: JobId
    attempt: int
    state: JobState
    run: RunId
    experiment: str
    trial: int
    run_group: int
    recipe: Recipe
    started_us: int
    """When the run started: second 0 of its time axis."""
    changed_us: int
    tags: tuple[str, ...] = ()


class FramesToProcess(Message, frozen=True, kw_only=True):
    """A chunk of one job's work; carries the full recipe, so that a worker needs nothing else."""

    job: JobId
    attempt: int
    chunk: int
    run: RunId
    spans: tuple[FrameSpan, ...]
    recipe: Recipe
    run_started_us: int
    announced_us: int
    dispatched_us: int
    period_us: int | None = None
    time_zone: str = "UTC"
    index_fraction: float = 1.0
    """Frames with hash(run, frame) < this are indexed, the others only screened."""
