"""Frames in an NXmx file that may still be growing: how many are really there, and when it began.

Reads metadata only and without locks, so that a writer is never disturbed; does not read pixels. A
file that is not (yet) readable raises UnreadableFileError.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from math import ceil, prod
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hdf5plugin  # noqa: F401  registers the compression filters
import numpy as np

from libs.diffraction.virtual_data import VirtualPart, open_for_reading, virtual_parts
from libs.messages.units import us_from_datetime, us_from_seconds
from services.run_discovery.sightings import Stretch

TAG = "tag-"
"""At SACLA each frame is a group of this name; such files are complete when they appear."""
COUNTER = "entry/instrument/detector/sequence_number"
LARGEST_NUMBER = 1 << 53
_READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)


class UnreadableFileError(Exception):
    """The file cannot be opened, or holds no images where NXmx says they are."""


@dataclass(frozen=True, kw_only=True)
class FramesInFile:
    """What one look into a file gives."""

    readable: int
    """Frames whose chunks are on disk, without a gap from the first on."""
    extent: int
    """Frames that the data set claims."""
    start_us: int | None
    period_us: int | None
    counter: tuple[Stretch, ...] = ()


def look_into(path: Path, *, time_zone: str) -> FramesInFile:
    """Frames that are there now; `time_zone` is that of a start time without one."""
    try:
        with open_for_reading(path) as file:
            if "entry" not in file and (tags := sum(name.startswith(TAG) for name in file)):
                return FramesInFile(readable=tags, extent=tags, start_us=None, period_us=None)
            counts = [_count(dataset) for dataset in _image_data(file)]
            readable, numbers = _without_gap(counts), _counter(file)
            if numbers is not None:  # written after the image: no number, no frame yet
                readable = min(readable, len(numbers))
            return FramesInFile(
                readable=readable,
                extent=sum(extent for _, extent in counts),
                start_us=_start_us(file, time_zone),
                period_us=_period_us(file),
                counter=() if numbers is None else stretches(numbers[:readable]),
            )
    except _READ_ERRORS as error:
        raise UnreadableFileError(f"{path}: {error}") from error


def _image_data(file: Any) -> list[Any]:
    """`/entry/data/data`, or `data_000001` and so on as far as their files are there."""
    group = file["entry/data"]
    if "data" in group:
        return [group["data"]]
    names = sorted(name for name in group if name.startswith("data_"))
    if not names:
        raise KeyError("no images in /entry/data (expected data, or data_000001 …)")
    return list(_present(group, names))


def _present(group: Any, names: list[str]) -> Iterator[Any]:
    for name in names:
        try:
            yield group[name]
        except KeyError:  # an external link to a file that is not written yet
            return


def _count(dataset: Any) -> tuple[int, int]:
    """(frames really there, frames claimed) of one data set of shape (frames, slow, fast)."""
    extent = int(dataset.shape[0]) if dataset.ndim > 2 else 1
    if dataset.is_virtual and dataset.ndim > 2:
        return _count_virtual(dataset, extent), extent
    if dataset.chunks is None or dataset.ndim <= 2:
        return extent, extent
    deep = dataset.chunks[0]
    per_layer = prod(
        ceil(n / c) for n, c in zip(dataset.shape[1:], dataset.chunks[1:], strict=True)
    )
    layers = dataset.id.get_num_chunks() // per_layer
    if layers >= ceil(extent / deep) and _on_disk(dataset, ceil(extent / deep) - 1):
        return extent, extent
    if layers > 0 and not _on_disk(dataset, layers - 1):  # written out of order, or with holes
        layers = next(layer for layer in count() if not _on_disk(dataset, layer))
    return min(layers * deep, extent), extent


def _count_virtual(dataset: Any, extent: int) -> int:
    """Frames up to the first one that a source does not hold, or that has no source."""
    parts = virtual_parts(dataset)
    if not parts:  # nothing can be said of them
        return extent
    covered, ends = 0, [extent]
    for part in parts:
        if part.first > covered:
            break
        covered = max(covered, part.end)
        held = max(0, _frames_in(part) - part.source_first)
        if held < part.count:
            ends.append(part.first + held)
    return min(covered, *ends)


def _frames_in(part: VirtualPart) -> int:
    try:
        with open_for_reading(part.path) as file:
            return _count(file[part.name])[0]
    except _READ_ERRORS:
        return 0


def _on_disk(dataset: Any, layer: int) -> bool:
    """Whether the chunk of this layer is allocated and lies within the file."""
    if layer < 0:
        return True
    corner = (layer * dataset.chunks[0],) + (0,) * (dataset.ndim - 1)
    if corner[0] >= dataset.shape[0]:
        return False
    chunk = dataset.id.get_chunk_info_by_coord(corner)
    end = None if chunk.byte_offset is None else chunk.byte_offset + chunk.size
    return end is not None and end <= Path(dataset.file.filename).stat().st_size


def _without_gap(counts: list[tuple[int, int]]) -> int:
    """Frames from the first on, up to the first data set that is not full."""
    total = 0
    for readable, extent in counts:
        total += readable
        if readable < extent:
            break
    return total


def _counter(file: Any) -> Any:
    """The file's own frame numbers, or None where it has none that can be used."""
    if COUNTER not in file or file[COUNTER].ndim != 1 or file[COUNTER].dtype.kind not in "iu":
        return None
    numbers = file[COUNTER][()]
    good = (numbers >= 0) & (numbers < LARGEST_NUMBER)
    rising = bool(np.all(numbers[1:] > numbers[:-1]))
    return numbers.astype(np.int64) if rising and bool(np.all(good)) else None


def stretches(numbers: Any) -> tuple[Stretch, ...]:
    """Rising frame numbers as stretches without a gap."""
    if len(numbers) == 0:
        return ()
    starts = [0, *(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist()]
    ends = [*starts[1:], len(numbers)]
    return tuple(
        Stretch(first_index=start, first_frame=int(numbers[start]), count=end - start)
        for start, end in zip(starts, ends, strict=True)
    )


def _start_us(file: Any, time_zone: str) -> int | None:
    text = _scalar(file, "entry/start_time")
    if text is None:
        return None
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(time_zone))
    return us_from_datetime(moment)


def _period_us(file: Any) -> int | None:
    seconds = _scalar(file, "entry/instrument/detector/frame_time")
    try:
        period_us = us_from_seconds(float(seconds))
    except (TypeError, ValueError, OverflowError):
        return None
    return period_us if period_us > 0 else None


def _scalar(file: Any, name: str) -> Any:
    """The one value of a small data set, or None."""
    try:
        value = file[name][()]
    except _READ_ERRORS:
        return None
    size = getattr(value, "size", 1)
    if size != 1:
        return None
    return value.item() if hasattr(value, "item") else value
