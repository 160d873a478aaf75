"""A line of JSON as a message: lenient where the statistics do not care, plain where they do. Pure.

A line is one frame result under DESIGN's names. Null, NaN and a missing field are the same and take
the default; whole numbers may be written as floats; unknown fields are ignored. What no rate can do
without must be there: `frame`, `ts_us`, `outcome`.
"""

import json
from typing import Any

import msgspec
import numpy as np

from libs.messages import BadMessageError, FrameResult, FramesProcessed, Outcome

SHELL_TYPES = {"n": "<u4", "n_positive": "<u4", "mean": "<f4", "mean_positive": "<f4"}
SHARED = ("job", "attempt", "run", "lane", "recipe", "worker", "versions")
NEEDED = ("frame", "ts_us", "outcome")
UNNAMED = "unnamed"
"""Job and run of lines that name none."""
_SHARED_DEFAULTS = {
    "job": UNNAMED, "run": UNNAMED, "attempt": 0, "lane": "dials", "recipe": "", "worker": "",
    "file": "",
}  # fmt: skip
_FRAME_DEFAULTS = {"index_in_file": 0, "ts_source": "other"}
_LATTICE_DEFAULTS = {
    "unit_cell": (0.0,) * 6, "space_group": "", "a_matrix": (), "n_indexed": 0, "n_integrated": 0,
}  # fmt: skip
_OUTCOMES = tuple(outcome.value for outcome in Outcome)


def message_of(line: str) -> FramesProcessed:
    """The message in a line; raises ValueError (msgspec's errors are ones) or BadMessageError."""
    fields = _decoded(line)
    if not isinstance(fields, dict):
        raise BadMessageError("not a frame result: one JSON object is wanted on each line")
    fields = _known(fields)
    missing = [name for name in NEEDED if name not in fields]
    if missing:
        raise BadMessageError(f"a frame result without {' and '.join(missing)}")
    if fields["outcome"] not in _OUTCOMES:
        raise BadMessageError(f"outcome {fields['outcome']!r} is none of {', '.join(_OUTCOMES)}")
    if isinstance(fields.get("lattices"), list):
        fields["lattices"] = [_lattice(one) for one in fields["lattices"]]
    frame = msgspec.convert(_FRAME_DEFAULTS | fields, FrameResult, strict=False)
    shared = {name: fields[name] for name in SHARED if name in fields}
    return msgspec.convert(
        _SHARED_DEFAULTS | shared | {"frames": (frame,)}, FramesProcessed, strict=False
    )


def _decoded(line: str) -> Any:
    """JSON, and that of Python's writer with its NaN and Infinity, which become null."""
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        if "NaN" not in line and "Infinity" not in line:
            raise
    return json.loads(line, parse_constant=lambda _: None)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that are null."""
    return {name: value for name, value in fields.items() if value is not None}


def _lattice(fields: Any) -> Any:
    if not isinstance(fields, dict):
        return fields
    fields = _LATTICE_DEFAULTS | _known(fields)
    if isinstance(fields.get("shells"), dict):
        fields["shells"] = _shells(fields["shells"])
    return fields


def _shells(table: dict[str, Any]) -> dict[str, Any]:
    """Lists of numbers as the raw arrays of the message."""
    raw = {
        name: np.array([np.nan if v is None else v for v in table[name]], dtype).tobytes()
        for name, dtype in SHELL_TYPES.items()
        if isinstance(table.get(name), list)
    }
    return table | raw
