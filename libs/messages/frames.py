"""The result of a frame: the names that files, messages, database and outside tools share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.messages.base import Message, Part
from libs.messages.identities import FrameNumber, JobId, Lane, Outcome, RunId, TimestampSource

Array = NDArray[Any]


class TimingsMs(Part, frozen=True, kw_only=True):
    """Wall-clock milliseconds of each step; null where the step was not reached."""

    read: float | None = None
    find: float | None = None
    index: float | None = None
    refine: float | None = None
    integrate: float | None = None


class StagesUs(Part, frozen=True, kw_only=True):
    """Time stamps (µs since 1970 UTC) of a frame's way."""

    written: int | None = None
    announced: int | None = None
    dispatched: int | None = None
    taken: int | None = None
    done: int | None = None


class Shells(Part, frozen=True, kw_only=True):
    """I/σ in ten shells of equal reciprocal volume down to `d_min_angstrom`; raw little-endian.

    `n` uint32 [10], `n_positive` uint32 [10], `mean` and `mean_positive` float32 [10] (NaN where
    the shell is empty): over all reflections, and over those with I > 0.
    """

    d_min_angstrom: float
    n: bytes
    n_positive: bytes
    mean: bytes
    mean_positive: bytes

    def columns(self) -> tuple[Array, Array, Array, Array]:
        """The four arrays (n, n_positive, mean, mean_positive), each of length 10."""
        return (
            np.frombuffer(self.n, "<u4"),
            np.frombuffer(self.n_positive, "<u4"),
            np.frombuffer(self.mean, "<f4"),
            np.frombuffer(self.mean_positive, "<f4"),
        )


class Lattice(Part, frozen=True, kw_only=True):
    """One lattice on a frame; lengths in Å, angles in degrees, positions in pixels."""

    unit_cell: tuple[float, float, float, float, float, float]
    space_group: str
    a_matrix: tuple[float, ...]
    """Row-major 3 × 3 reciprocal-space setting matrix (1/Å): q = A h, in the laboratory frame.

    Lane `fast`: relative to the true beam, where the header's is off; its cell is `unit_cell`.
    """
    n_indexed: int
    n_integrated: int
    rmsd_px: float | None = None
    offset_px: tuple[float, float] | None = None
    """Mean observed minus predicted position (fast, slow)."""
    d_min_contiguous: float | None = None
    d_min_cctbx: float | None = None
    shells: Shells | None = None


class FrameResult(Part, frozen=True, kw_only=True):
    """What is known of one frame after its processing ended."""

    frame: FrameNumber
    index_in_file: int
    ts_us: int
    ts_source: TimestampSource
    outcome: Outcome
    file: str | None = None
    """Only where it differs from the batch's file."""
    reason: str = ""
    n_strong: int = 0
    indexing_tried: bool = False
    solvent_ratio: float | None = None
    solvent_ratio_cctbx: float | None = None
    ring_low: float | None = None
    ring_high: float | None = None
    wavelength_angstrom: float | None = None
    d_min_contiguous: float | None = None
    d_min_cctbx: float | None = None
    lattices: tuple[Lattice, ...] = ()
    timings_ms: TimingsMs = TimingsMs()
    stages_us: StagesUs = StagesUs()


class RadialProfile(Part, frozen=True, kw_only=True):
    """Mean intensity against resolution over the frames of a batch; raw float32."""

    two_theta_step_deg: float
    mean: bytes
    n_frames: int


class SpotDistances(Part, frozen=True, kw_only=True):
    """Histogram of distances between strong spots in reciprocal space (1/Å); raw uint32."""

    step_per_angstrom: float
    counts: bytes
    n_frames: int


class FramesProcessed(Message, frozen=True, kw_only=True):
    """Results of 1 to N frames of one job, from one file; what they share stands once."""

    job: JobId
    attempt: int
    run: RunId
    lane: Lane
    file: str
    frames: tuple[FrameResult, ...]
    recipe: str
    worker: str
    versions: dict[str, str] = {}
    index_fraction: float = 1.0
    radial_profile: RadialProfile | None = None
    spot_distances: SpotDistances | None = None

    def file_of(self, frame: FrameResult) -> str:
        """The file in which this frame lies."""
        return frame.file if frame.file is not None else self.file


class ReflectionsIntegrated(Message, frozen=True, kw_only=True):
    """The integrated reflections of one lattice of one frame, as raw arrays of equal length."""

    job: JobId
    attempt: int
    run: RunId
    frame: FrameNumber
    lane: Lane
    lattice: int
    unit_cell: tuple[float, float, float, float, float, float]
    space_group: str
    n: int
    miller_index: bytes
    """int16 [n, 3], little-endian."""
    intensity: bytes
    """float32 [n], `intensity.sum.value`."""
    sigma: bytes
    """float32 [n], square root of `intensity.sum.variance`."""
    wavelength_angstrom: float | None = None
    recipe: str = ""


def best_d_min(values: Sequence[float | None]) -> float | None:
    """The smallest resolution limit of several lattices (Å), or None where none has one."""
    known = [value for value in values if value is not None]
    return min(known, default=None)
