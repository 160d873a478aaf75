"""What stands behind a virtual data set: which source holds which frames, and whether it is there.

HDF5 gives fill values where a source is missing or shorter than promised, and says nothing; such
frames must be noticed before they are read. Uses h5py only, so that discovery can count with it.
Sources named by a pattern (`%b`) or interleaved frame by frame are not followed: nothing is claimed
of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
FIRST_VERSION_WITH_SWMR = 3
WRITTEN_IN_SWMR_MODE = 4
SAME_FILE = "."
PATTERN = "%"


@dataclass(frozen=True, kw_only=True)
class VirtualPart:
    """Frames first … first + count − 1 are those from `source_first` on of `name` in `path`."""

    first: int
    count: int
    path: Path
    name: str
    source_first: int

    @property
    def end(self) -> int:
        """The first frame behind this part."""
        return self.first + self.count


def virtual_parts(dataset: Any) -> tuple[VirtualPart, ...]:
    """The parts of a virtual data set of shape (frames, slow, fast) by frame, lowest first."""
    master = Path(dataset.file.filename)
    parts = (_part(master, s) for s in dataset.virtual_sources() if PATTERN not in s.file_name)
    return tuple(sorted((part for part in parts if part is not None), key=lambda p: p.first))


def _part(master: Path, source: Any) -> VirtualPart | None:
    lowest, highest = source.vspace.get_select_bounds()
    n_points = prod(high - low + 1 for low, high in zip(lowest, highest, strict=True))
    if n_points != source.vspace.get_select_npoints():  # interleaved
        return None
    first, last = lowest[0], highest[0]
    source_first = 0
    if len(source.src_space.shape) > 2:
        source_first = int(source.src_space.get_select_bounds()[0][0])
    path = master if source.file_name == SAME_FILE else master.parent / source.file_name
    return VirtualPart(
        first=int(first),
        count=int(last) - int(first) + 1,
        path=path,
        name=source.dset_name,
        source_first=source_first,
    )


class VirtualFrames:
    """Says of a frame why it is not there; asks each source again only for frames it lacked."""

    def __init__(self, dataset: Any) -> None:
        self._parts = virtual_parts(dataset)
        self._held: dict[VirtualPart, int] = {}

    def missing(self, index: int) -> str | None:
        """Why frame `index` would be read as fill values; None where its sources hold it."""
        return next(self._problems(index), None)

    def _problems(self, index: int) -> Iterator[str]:
        for part in (p for p in self._parts if p.first <= index < p.end):
            wanted = part.source_first + index - part.first
            if wanted < self._held.get(part, 0):
                continue
            if not part.path.exists():
                yield f"virtual data set: its source {part.path.name} does not exist"
                continue
            self._held[part] = frames_in_source(part)
            if wanted >= self._held[part]:
                yield (
                    f"virtual data set: its source {part.path.name} holds {self._held[part]} "
                    f"images in {part.name}, image {wanted} (counted from 0) is needed"
                )


def frames_in_source(part: VirtualPart) -> int:
    """How many frames the source has at present; 0 where it cannot be read."""
    try:
        with open_for_reading(part.path) as file:
            source = file[part.name]
            return int(source.shape[0]) if source.ndim > 2 else 1
    except (OSError, KeyError, ValueError, RuntimeError):
        return 0


def open_for_reading(path: Path) -> Any:
    """The file without locks, in SWMR mode if it is marked as being written in it; raises OSError.

    In SWMR mode HDF5 takes a wrong checksum for a write in progress and tries again, practically
    for ever: so never in that mode without need.
    """
    import h5py

    with path.open("rb") as stream:
        superblock = stream.read(len(HDF5_MAGIC) + 4)
    if not superblock.startswith(HDF5_MAGIC) or len(superblock) < len(HDF5_MAGIC) + 4:
        raise OSError("no HDF5 file (yet)")
    version, flags = superblock[8], superblock[11]
    growing = version >= FIRST_VERSION_WITH_SWMR and flags & WRITTEN_IN_SWMR_MODE != 0
    return h5py.File(path, "r", libver="latest" if growing else None, swmr=growing, locking=False)
