"""What formats of other systems have in common once they are read."""

import math

import msgspec

from libs.messages import BadMessageError, Lattice

NO_ORIENTATION = (math.nan,) * 9
"""The setting matrix of a lattice whose orientation was not told."""
LARGEST = 1 << 52
LARGEST_COUNT = 1 << 31
MOST_LATTICES = 16
LONGEST_PATH = 1000


class ExternalError(BadMessageError):
    """A line, chunk or message that is no result: what is wrong with it."""


class ExternalFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame's result. Lengths in Å; `None` is "not told"."""

    number: int
    """The other system's own counter."""
    run: str | None = None
    """The run's number, where the result names it."""
    file: str = ""
    index_in_file: int = 0
    n_strong: int = 0
    selected: bool = True
    """Whether indexing was wanted at all."""
    tried: bool = False
    lattices: tuple[Lattice, ...] = ()
    wavelength_angstrom: float | None = None
    ts_us: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.number <= LARGEST or not 0 <= self.index_in_file < LARGEST_COUNT:
            raise ExternalError(f"impossible image number {self.number} or {self.index_in_file}")
        if not 0 <= self.n_strong < LARGEST_COUNT:
            raise ExternalError(f"image {self.number}: impossible number of spots {self.n_strong}")
        if self.ts_us is not None and not 0 <= self.ts_us <= LARGEST:
            raise ExternalError(f"image {self.number}: impossible time stamp {self.ts_us}")
        if self.wavelength_angstrom is not None and not 0.0 < self.wavelength_angstrom < 1e3:
            raise ExternalError(f"image {self.number}: impossible wavelength")
        if len(self.lattices) > MOST_LATTICES or len(self.file) > LONGEST_PATH:
            raise ExternalError(f"image {self.number}: too many lattices, or too long a path")


def lattice_of(
    cell: tuple[float, float, float, float, float, float],
    *,
    space_group: str = "P 1",
    a_matrix: tuple[float, ...] = NO_ORIENTATION,
    n_indexed: int = 0,
    n_integrated: int = 0,
    d_min_angstrom: float | None = None,
) -> Lattice:
    """A lattice with the other system's one resolution limit in the place of both of ours."""
    lengths, angles = cell[:3], cell[3:]
    if not (all(0.0 < x < 1e5 for x in lengths) and all(0.0 < x < 180.0 for x in angles)):
        raise ExternalError(f"impossible unit cell {cell}")
    if not (0 <= n_indexed < LARGEST_COUNT and 0 <= n_integrated < LARGEST_COUNT):
        raise ExternalError(f"impossible numbers of reflections {n_indexed}, {n_integrated}")
    known = d_min_angstrom is not None and math.isfinite(d_min_angstrom) and d_min_angstrom > 0.0
    d_min = d_min_angstrom if known else None
    return Lattice(
        unit_cell=cell,
        space_group=space_group,
        a_matrix=a_matrix,
        n_indexed=n_indexed,
        n_integrated=n_integrated,
        d_min_contiguous=d_min,
        d_min_cctbx=d_min,
    )
