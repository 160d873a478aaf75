"""Answers of the API as bytes: binary frame columns, JSON. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from libs.crystallography.rates import RESOLUTIONS, Resolution, Rows, Rules, resolution_of
from libs.messages import Cutoffs, RatesUpdated, Shells
from libs.messages.units import US_PER_SECOND
from services.live_view.advice_board import AdviceBoard

MAGIC, VERSION = 0x53544C53, 1
SHOWN_FLAGS = 7
RECORDED_I_SIGI = Rules().recorded_i_sigi
SHELL_NAMES = ("n", "n_positive", "mean", "mean_positive")
EPOCH_US = 1_767_225_600_000_000
"""2026-01-01: revisions count tenths of a second from here, and fit 32 bits for 13 years."""


def clock_revision(now_us: int) -> int:
    """The revision of a moment, at least 1."""
    return max(1, (now_us - EPOCH_US) // (US_PER_SECOND // 10))


def frames_answer(
    rows: Rows,
    *,
    revision: int,
    full: bool,
    total: int,
    started_us: int,
    i_sigi: float = RECORDED_I_SIGI,
) -> bytes:
    """Header of eight uint32, then columns that start at multiples of 8 bytes; little-endian.

    At another I/σ cut-off than the recorded one, resolutions come out of the shell tables.
    """
    header = np.array([MAGIC, VERSION, len(rows), revision, int(full), total, 0, 0], "<u4")
    columns: Iterable[npt.NDArray[Any]] = (
        rows["frame"].astype("<f8"),
        ((rows["ts_us"] - started_us) / US_PER_SECOND).astype("<f8"),
        rows["n_strong"].astype("<u4"),
        rows["solvent_ratio"].astype("<f4"),
        *(_resolution(rows, definition, i_sigi).astype("<f4") for definition in RESOLUTIONS),
        rows["n_lattices"].astype("u1"),
        (rows["flags"] & SHOWN_FLAGS).astype("u1"),
    )
    return header.tobytes() + b"".join(_padded(column.tobytes()) for column in columns)


def _resolution(rows: Rows, definition: Resolution, i_sigi: float) -> npt.NDArray[np.float64]:
    cutoffs = msgspec.structs.replace(Cutoffs(), i_sigi=i_sigi)
    return resolution_of(rows, Rules(cutoffs=cutoffs, resolution=definition))


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 8)


def plain(part: Any) -> Any:
    """Structs as JSON objects with every field present, shell tables as lists of numbers."""
    if isinstance(part, Shells):
        table = zip(SHELL_NAMES, part.columns(), strict=True)
        return {"d_min_angstrom": part.d_min_angstrom} | {n: _numbers(c) for n, c in table}
    if isinstance(part, msgspec.Struct):
        return {name: plain(getattr(part, name)) for name in part.__struct_fields__}
    if isinstance(part, tuple | list):
        return [plain(value) for value in part]
    return part


def advised(rates: RatesUpdated, advice: AdviceBoard) -> dict[str, Any]:
    """Rates as a JSON object: with the advice in force, that with which the run ended, and past."""
    content: dict[str, Any] = plain(rates)
    return content | {
        "advice": plain(advice.in_force(rates.job)),
        "ended_with": plain(advice.ended_with(rates.job)),
        "past_advice": plain(advice.past(rates.job)),
    }


def frame_object(stored: Any) -> dict[str, Any]:
    """A stored frame as one flat JSON object with the names of `stillstream process --json`."""
    content: dict[str, Any] = plain(stored)
    result: dict[str, Any] = content.pop("result")
    content.pop("precedence", None)
    return content | {**result, "file": result["file"] or content["file"]}


def _numbers(column: npt.NDArray[Any]) -> list[float | int | None]:
    return [value if np.isfinite(value) else None for value in column.tolist()]


def to_json(content: Any) -> bytes:
    """UTF-8 JSON; NaN becomes null."""
    return msgspec.json.encode(content)
