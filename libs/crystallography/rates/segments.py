"""1024 rows as bytes for a checkpoint: at most 190 KB, far below the limit of a record.

Fields are only ever appended to a row, so that segments of older versions can still be read.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.rows import ROW, Rows

SEGMENT_ROWS = 1024
_MAGIC = b"SLR3"
_LATTICES_AT = ROW.fields["offset_px"][1] if ROW.fields is not None else 0
"""Bytes from here on belong to lattices, and are kept for indexed frames only."""
_TAIL_BYTES = {_MAGIC: ROW.itemsize - _LATTICES_AT, b"SLR2": 104}
"""How many there are, by version; what an older one lacks becomes zero: not known."""


def pack(rows: Rows) -> bytes:
    """Rows as bytes: magic, number of rows, their heads, the tails of those that are indexed."""
    raw = _bytes_of(rows)
    tails = raw[rows["n_lattices"] > 0, _LATTICES_AT:]
    return (
        _MAGIC + len(rows).to_bytes(4, "little") + raw[:, :_LATTICES_AT].tobytes() + tails.tobytes()
    )


def unpack(packed: bytes) -> Rows:
    """The rows again; raises ValueError for bytes that `pack` did not make."""
    n_tail = _TAIL_BYTES.get(packed[:4])
    if n_tail is None:
        raise ValueError("a checkpoint segment does not begin with its magic bytes")
    n = int.from_bytes(packed[4:8], "little")
    split = 8 + n * _LATTICES_AT
    if len(packed) < split:
        raise ValueError(f"a checkpoint segment of {n} rows is cut off at {len(packed)} bytes")
    rows = np.zeros(n, ROW)
    raw = _bytes_of(rows)
    raw[:, :_LATTICES_AT] = np.frombuffer(packed[8:split], np.uint8).reshape(n, _LATTICES_AT)
    indexed = rows["n_lattices"] > 0
    tails = np.frombuffer(packed[split:], np.uint8)
    tails = tails.reshape(int(indexed.sum()), n_tail)
    raw[indexed, _LATTICES_AT : _LATTICES_AT + n_tail] = tails
    return rows


def _bytes_of(rows: Rows) -> npt.NDArray[Any]:
    """The rows' memory as uint8 [n, 184] (a view)."""
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), ROW.itemsize)
