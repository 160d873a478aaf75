"""A batch of frame results as rows. Pure.

The fields of each row are the columns of its table, in order, after `job_id`: the job's id is
known only to the database.
"""

import json
import struct
from typing import NamedTuple

from libs.messages import (
    BadMessageError,
    FrameResult,
    FramesProcessed,
    Lane,
    Lattice,
    Shells,
    precedence,
)
from services.database_sink import values as v

LANE_ORDER = {lane.value: place for place, lane in enumerate(Lane)}
PATH_LENGTH, SPACE_GROUP_LENGTH, REASON_LENGTH, WORKER_LENGTH = 1024, 32, 255, 255
_SHELLS = struct.Struct("<d40s40s40s40s")
_MATRIX = struct.Struct("<9d")


class FrameValues(NamedTuple):
    """A row of `frame` without its job."""

    frame: int
    lane: str
    ts_us: int
    ts_source: str
    outcome: str
    reason: str | None
    n_strong: int
    indexing_tried: int
    n_lattices: int
    solvent_ratio: float | None
    solvent_ratio_cctbx: float | None
    ring_low: float | None
    ring_high: float | None
    wavelength_angstrom: float | None
    d_min_contiguous: float | None
    d_min_cctbx: float | None
    file_id: int
    index_in_file: int
    origin_id: int
    read_ms: float | None
    find_ms: float | None
    index_ms: float | None
    refine_ms: float | None
    integrate_ms: float | None
    written_us: int | None
    announced_us: int | None
    dispatched_us: int | None
    taken_us: int | None
    done_us: int | None
    precedence: int

    @property
    def key(self) -> tuple[int, int]:
        """Frame and lane in the order of the primary key."""
        return self.frame, LANE_ORDER[self.lane]


class LatticeValues(NamedTuple):
    """A row of `lattice` without its job."""

    frame: int
    lane: str
    lattice: int
    a_angstrom: float
    b_angstrom: float
    c_angstrom: float
    alpha_deg: float
    beta_deg: float
    gamma_deg: float
    space_group: str
    a_matrix: bytes
    n_indexed: int
    n_integrated: int
    rmsd_px: float | None
    offset_fast_px: float | None
    offset_slow_px: float | None
    d_min_contiguous: float | None
    d_min_cctbx: float | None
    shells: bytes | None
    precedence: int


class OriginValues(NamedTuple):
    """A row of `batch_origin`."""

    id: int
    attempt: int
    recipe: str
    worker: str
    versions: str
    index_fraction: float


class FileValues(NamedTuple):
    """A row of `file`."""

    id: int
    path: str


class FrameRows(NamedTuple):
    """One result: its row and those of its lattices."""

    frame: FrameValues
    lattices: tuple[LatticeValues, ...]


def origin_of(batch: FramesProcessed) -> OriginValues:
    """What the frames of a batch share."""
    content = (batch.attempt, batch.recipe, batch.worker, batch.versions, batch.index_fraction)
    return OriginValues(
        id=v.hash63(content),
        attempt=v.count(batch.attempt, "attempt", v.BIGGEST_ATTEMPT),
        recipe=v.text(batch.recipe, "recipe", 64),
        worker=batch.worker[:WORKER_LENGTH],
        versions=json.dumps(batch.versions, sort_keys=True),
        index_fraction=v.finite(batch.index_fraction, "index_fraction"),
    )


def file_of(path: str) -> FileValues:
    """The row of a file."""
    return FileValues(id=v.hash63(path), path=v.text(path, "file", PATH_LENGTH))


def frame_rows(batch: FramesProcessed, result: FrameResult, origin: int, file: int) -> FrameRows:
    """The rows of one result; raises BadMessageError for what no column can hold."""
    lane, won = batch.lane.value, precedence(batch.attempt, result)
    times, stages = result.timings_ms, result.stages_us
    frame = FrameValues(
        frame=v.integer(result.frame, "frame"),
        lane=lane,
        ts_us=v.integer(result.ts_us, "ts_us"),
        ts_source=result.ts_source.value,
        outcome=result.outcome.value,
        reason=result.reason[:REASON_LENGTH] or None,
        n_strong=v.count(result.n_strong, "n_strong"),
        indexing_tried=int(result.indexing_tried),
        n_lattices=v.count(len(result.lattices), "the number of lattices", v.BIGGEST_TINY),
        solvent_ratio=v.double_or_null(result.solvent_ratio),
        solvent_ratio_cctbx=v.double_or_null(result.solvent_ratio_cctbx),
        ring_low=v.float_or_null(result.ring_low),
        ring_high=v.float_or_null(result.ring_high),
        wavelength_angstrom=v.double_or_null(result.wavelength_angstrom),
        d_min_contiguous=v.double_or_null(result.d_min_contiguous),
        d_min_cctbx=v.double_or_null(result.d_min_cctbx),
        file_id=file,
        index_in_file=v.count(result.index_in_file, "index_in_file"),
        origin_id=origin,
        read_ms=v.float_or_null(times.read),
        find_ms=v.float_or_null(times.find),
        index_ms=v.float_or_null(times.index),
        refine_ms=v.float_or_null(times.refine),
        integrate_ms=v.float_or_null(times.integrate),
        written_us=v.integer_or_null(stages.written, "written"),
        announced_us=v.integer_or_null(stages.announced, "announced"),
        dispatched_us=v.integer_or_null(stages.dispatched, "dispatched"),
        taken_us=v.integer_or_null(stages.taken, "taken"),
        done_us=v.integer_or_null(stages.done, "done"),
        precedence=won,
    )
    lattices = tuple(
        _lattice(result.frame, lane, place, lattice, won)
        for place, lattice in enumerate(result.lattices)
    )
    return FrameRows(frame, lattices)


def _lattice(frame: int, lane: str, place: int, lattice: Lattice, won: int) -> LatticeValues:
    a, b, c, alpha, beta, gamma = (v.finite(x, "unit_cell") for x in lattice.unit_cell)
    fast, slow = lattice.offset_px or (None, None)
    return LatticeValues(
        frame=frame,
        lane=lane,
        lattice=place,
        a_angstrom=a,
        b_angstrom=b,
        c_angstrom=c,
        alpha_deg=alpha,
        beta_deg=beta,
        gamma_deg=gamma,
        space_group=v.text(lattice.space_group, "space_group", SPACE_GROUP_LENGTH),
        a_matrix=_pack_matrix(lattice.a_matrix),
        n_indexed=v.count(lattice.n_indexed, "n_indexed"),
        n_integrated=v.count(lattice.n_integrated, "n_integrated"),
        rmsd_px=v.float_or_null(lattice.rmsd_px),
        offset_fast_px=v.float_or_null(fast),
        offset_slow_px=v.float_or_null(slow),
        d_min_contiguous=v.double_or_null(lattice.d_min_contiguous),
        d_min_cctbx=v.double_or_null(lattice.d_min_cctbx),
        shells=None if lattice.shells is None else _pack_shells(lattice.shells),
        precedence=won,
    )


def _pack_matrix(matrix: tuple[float, ...]) -> bytes:
    if len(matrix) != 9:
        raise BadMessageError(f"a_matrix has {len(matrix)} numbers, not 9")
    return _MATRIX.pack(*matrix)


def _pack_shells(shells: Shells) -> bytes:
    columns = (shells.n, shells.n_positive, shells.mean, shells.mean_positive)
    if any(len(column) != 40 for column in columns):
        raise BadMessageError(f"shells have columns of {[len(c) for c in columns]} bytes, not 40")
    return _SHELLS.pack(shells.d_min_angstrom, *columns)
