"""The small blobs of the table `lattice`: shell table and setting matrix, both ways.

Shells: d_min as float64, then n and n_positive as uint32 [10], mean and mean_positive as
float32 [10]; little-endian, 168 bytes. Setting matrix: 9 float64, row-major.
"""

import struct

from libs.messages import Shells

N_SHELLS = 10
_COLUMN = 4 * N_SHELLS
_SHELLS = struct.Struct(f"<d{_COLUMN}s{_COLUMN}s{_COLUMN}s{_COLUMN}s")
_MATRIX = struct.Struct("<9d")


def pack_shells(shells: Shells) -> bytes:
    """168 bytes; raises ValueError when a column does not hold ten shells."""
    columns = (shells.n, shells.n_positive, shells.mean, shells.mean_positive)
    if any(len(column) != _COLUMN for column in columns):
        raise ValueError(f"a shell table has columns of {[len(c) for c in columns]} bytes, not 40")
    return _SHELLS.pack(shells.d_min_angstrom, *columns)


def unpack_shells(blob: bytes | None) -> Shells | None:
    """The shell table in a blob."""
    if blob is None:
        return None
    d_min, n, n_positive, mean, mean_positive = _SHELLS.unpack(blob)
    return Shells(
        d_min_angstrom=d_min, n=n, n_positive=n_positive, mean=mean, mean_positive=mean_positive
    )


def pack_matrix(matrix: tuple[float, ...]) -> bytes:
    """72 bytes; raises ValueError when there are not nine numbers."""
    if len(matrix) != 9:
        raise ValueError(f"a setting matrix has {len(matrix)} numbers, not 9")
    return _MATRIX.pack(*matrix)


def unpack_matrix(blob: bytes) -> tuple[float, ...]:
    """The nine numbers of a setting matrix."""
    return _MATRIX.unpack(blob)
