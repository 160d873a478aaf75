"""What a look at the disk gives, as plain values, and the rules of a source. Pure."""

from dataclasses import dataclass
from enum import Enum

from libs.messages import TimestampSource


class Mode(str, Enum):
    """How a source writes its runs, and what ends one."""

    STATUS_FILE = "status_file"
    """Composite HDF5 files; a file `status.txt` with the line `Status=Finished` ends the run."""
    IMAGE_FILES = "image_files"
    """One image per file; the run ends by count or by age."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The rules of one watched folder."""

    name: str
    experiment: str
    mode: Mode
    frames_expected: int | None = None
    finished_after_s: float | None = None
    settled_s: float = 1.0
    """A file that may be whole is taken as whole when it was left alone for so long."""
    unreadable_after_s: float = 10.0
    """A file that is visibly not whole is announced all the same when left alone for so long."""
    frames_per_file: int = 10_000_000
    """Room for frame numbers between two HDF5 files without a counter of their own."""
    first_file_number: int = 1
    time_zone: str = "UTC"
    period_us: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Images `first_index` … of a file are the frames `first_frame` …, `count` of them."""

    first_index: int
    first_frame: int
    count: int


@dataclass(frozen=True, kw_only=True)
class FileSeen:
    """One file as it is now."""

    path: str
    number: int | None
    """The number in its name; None where it has none."""
    written_us: int
    quiet_s: float
    """For how long it has been seen unchanged."""
    readable: int | None
    """Frames that are really there, counted from the first; None: it cannot be read (yet)."""
    extent: int = 0
    """Frames that an HDF5 file claims to hold, written or not."""
    plausible: bool = False
    """Not known to be whole, not known to be cut off either."""
    start_us: int | None = None
    """Start time written in the file itself."""
    period_us: int | None = None
    """Time between two frames, written in the file itself."""
    counter: tuple[Stretch, ...] = ()
    """The file's own frame counter for its readable images; empty where it has none."""


@dataclass(frozen=True, kw_only=True)
class RunSeen:
    """One run folder as it is now; `files` may leave out images that were announced before."""

    number: str
    path: str
    folder_us: int
    files: tuple[FileSeen, ...]
    finished: bool = False
    """`status.txt` says so, and it was read before the files were counted."""


def started(run: RunSeen) -> tuple[int, TimestampSource]:
    """When a run started (µs) and how we know: its files' own stamp, else the oldest file time."""
    stamps = [file.start_us for file in run.files if file.start_us is not None]
    if stamps:
        return min(stamps), TimestampSource.RUN_START_AND_PERIOD
    times = [file.written_us for file in run.files] or [run.folder_us]
    return min(times), TimestampSource.FILE_TIME
