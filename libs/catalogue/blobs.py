"""The small blobs of the table `lattice`: shell table and setting matrix, read back.

Shells: d_min as float64, then n and n_positive as uint32 [10], mean and mean_positive as
float32 [10]; little-endian, 168 bytes. Setting matrix: 9 float64, row-major. The sink writes them.
"""

import struct

from libs.messages import Shells

N_SHELLS = 10
_COLUMN = 4 * N_SHELLS
_SHELLS = struct.Struct(f"<d{_COLUMN}s{_COLUMN}s{_COLUMN}s{_COLUMN}s")
_MATRIX = struct.Struct("<9d")


def unpack_shells(blob: bytes | None) -> Shells | None:
    """The shell table in a blob."""
    if blob is None:
        return None
    d_min, n, n_positive, mean, mean_positive = _SHELLS.unpack(blob)
    return Shells(
        d_min_angstrom=d_min, n=n, n_positive=n_positive, mean=mean, mean_positive=mean_positive
    )


def unpack_matrix(blob: bytes) -> tuple[float, ...]:
    """The nine numbers of a setting matrix."""
    return _MATRIX.unpack(blob)
