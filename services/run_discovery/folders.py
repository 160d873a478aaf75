"""Looks at a source's folder and says what is there now. Decides nothing, announces nothing.

Remembers only what cannot be seen in one look, or saves work: for how long a file has been left
alone, and what an unchanged HDF5 file held.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from libs.messages import RunId
from services.run_discovery.config import SourceSettings
from services.run_discovery.core import EVIDENCE_FILES
from services.run_discovery.hdf5_files import FramesInFile, UnreadableFileError
from services.run_discovery.image_files import is_whole
from services.run_discovery.ledger import Ledger, RunAnnounced, file_key
from services.run_discovery.reader_process import ReaderDiedError, ReaderProcess
from services.run_discovery.sightings import FileSeen, Mode, RunSeen

STATUS_FILE = "status.txt"
FINISHED = "status=finished"
CACHE_AFTER_S = 2.0
"""A file unchanged for so long is not read again; sooner, two writes may share a file time."""
RETRY_DEADLY_S = 60.0
"""A file that killed its reader is left alone for so long."""
MAX_DIGITS = 15
"""More would not fit into a float64, which pages and plots use."""
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One look at a source."""

    runs: tuple[RunSeen, ...]
    problems: tuple[str, ...]


@dataclass(kw_only=True)
class _Memory:
    """A file as it was at an earlier look."""

    size: int
    mtime_ns: int
    since_s: float
    frames: FramesInFile | None = None
    not_before_s: float = 0.0


class FolderWatch:
    """One source; `monotonic` measures ages, so that nobody's wall clock matters."""

    def __init__(
        self, settings: SourceSettings, *, rescan_finished_s: float, monotonic: Clock
    ) -> None:
        self._settings, self._rescan_s, self._monotonic = settings, rescan_finished_s, monotonic
        self._number = settings.number_pattern()
        self._memory: dict[str, dict[str, _Memory]] = {}
        self._done: dict[str, tuple[RunId | None, set[str]]] = {}
        self._next_look: dict[str, float] = {}
        self._problems: list[str] = []
        self._reader = ReaderProcess()

    def close(self) -> None:
        """End the process that reads HDF5 files."""
        self._reader.close()

    def scan(self, ledger: Ledger) -> Scan:
        """Every run that is due for a look, oldest first."""
        self._problems = []
        runs = [run for folder in self._due(ledger) if (run := self._run(folder, ledger))]
        runs.sort(key=lambda run: (run.folder_us, run.number))
        return Scan(runs=tuple(runs), problems=tuple(self._problems))

    def _due(self, ledger: Ledger) -> Iterator[os.DirEntry[str]]:
        """Runs that have not ended, every time; the others now and then, for late files."""
        now = self._monotonic()
        for entry in self._entries(self._settings.folder):
            known = self._announced(ledger, entry.name)
            if known is not None and known.ended_frames is not None:
                if now < self._next_look.get(entry.path, now):
                    continue
                self._next_look[entry.path] = now + self._rescan_s
            if entry.is_dir():
                yield entry

    def _announced(self, ledger: Ledger, number: str) -> RunAnnounced | None:
        return ledger.latest((self._settings.experiment, self._settings.name, number))

    def _run(self, folder: os.DirEntry[str], ledger: Ledger) -> RunSeen | None:
        known = self._announced(ledger, folder.name)
        try:
            finished = self._finished(Path(folder.path))  # first: frames come before the last word
            files = tuple(self._files(folder, known))
            folder_us = folder.stat().st_mtime_ns // 1000
        except OSError as error:
            self._problems.append(str(error))
            return None
        return RunSeen(
            number=folder.name,
            path=folder.path,
            folder_us=folder_us,
            files=files,
            finished=finished,
        )

    def _finished(self, folder: Path) -> bool:
        if self._settings.mode is not Mode.STATUS_FILE:
            return False
        try:
            text = (folder / STATUS_FILE).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return False
        return any(line.replace(" ", "").lower() == FINISHED for line in text.splitlines())

    def _files(self, folder: os.DirEntry[str], known: RunAnnounced | None) -> Iterator[FileSeen]:
        before, now = self._memory.get(folder.path, {}), dict[str, _Memory]()
        for entry in self._worth_a_look(folder, known):
            try:
                now[entry.path] = memory = self._remember(entry, before.get(entry.path))
                yield self._look(entry, memory)
            except FileNotFoundError:
                continue  # it went between two calls
        self._memory[folder.path] = now

    def _worth_a_look(
        self, folder: os.DirEntry[str], known: RunAnnounced | None
    ) -> Iterable[os.DirEntry[str]]:
        """Data files; of images announced before only the few that prove the run is the same."""
        done = self._announced_names(folder.path, known)
        data = [e for e in self._entries(folder.path, done) if self._is_data(e.name)]
        if known is None or self._settings.mode is not Mode.IMAGE_FILES:
            return data
        evidence = {file.path for file in islice(known.files.values(), EVIDENCE_FILES)}
        announced = {e.name for e in data if file_key(e.path) in known.files}
        done |= announced - {Path(path).name for path in evidence}
        return [e for e in data if e.name not in done]

    def _announced_names(self, folder: str, known: RunAnnounced | None) -> set[str]:
        """Names that need no further look, as long as the run is the same version."""
        run = None if known is None else known.started.run
        if folder not in self._done or self._done[folder][0] != run:
            self._done[folder] = (run, set())
        return self._done[folder][1]

    def _entries(
        self, folder: str | Path, done: AbstractSet[str] = frozenset()
    ) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                fresh = [e for e in entries if e.name not in done]
        except OSError as error:
            self._problems.append(str(error))
            return []
        return sorted(filter(self._usable, fresh), key=lambda e: e.name)

    def _usable(self, entry: os.DirEntry[str]) -> bool:
        if entry.name.startswith("."):
            return False
        if any("\ud800" <= character <= "\udfff" for character in entry.name):
            self._problems.append(f"{entry.path!r}: the name is not UTF-8: rename it")
            return False
        return True

    def _is_data(self, name: str) -> bool:
        settings = self._settings
        wanted = any(fnmatchcase(name, pattern) for pattern in settings.all_patterns())
        return wanted and not any(fnmatchcase(name, pattern) for pattern in settings.exclude)

    def _remember(self, entry: os.DirEntry[str], old: _Memory | None) -> _Memory:
        status = entry.stat()
        if old is not None and (old.size, old.mtime_ns) == (status.st_size, status.st_mtime_ns):
            return old
        return _Memory(
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            since_s=self._monotonic(),
            not_before_s=0.0 if old is None else old.not_before_s,
        )

    def _look(self, entry: os.DirEntry[str], memory: _Memory) -> FileSeen:
        quiet_s = self._monotonic() - memory.since_s
        name = entry.name.removesuffix(".bz2").removesuffix(".gz")
        found = self._number.search(name.rpartition(".")[0])
        number = None if found is None else int(found[1][-MAX_DIGITS:])
        written_us = memory.mtime_ns // 1000
        if self._settings.mode is Mode.IMAGE_FILES:
            whole = self._image_is_whole(entry.path)
            return FileSeen(
                path=entry.path,
                number=number,
                written_us=written_us,
                quiet_s=quiet_s,
                readable=1 if whole else None,
                plausible=whole is None,
            )
        frames = self._frames(entry.path, memory, quiet_s)
        return FileSeen(
            path=entry.path,
            number=number,
            written_us=written_us,
            quiet_s=quiet_s,
            readable=None if frames is None else frames.readable,
            extent=0 if frames is None else frames.extent,
            start_us=None if frames is None else frames.start_us,
            period_us=None if frames is None else frames.period_us,
            counter=() if frames is None else frames.counter,
        )

    def _image_is_whole(self, path: str) -> bool | None:
        try:
            return is_whole(Path(path))
        except FileNotFoundError:
            raise
        except OSError as error:  # if it stays so, the frame is announced and its result says why
            self._problems.append(str(error))
            return False

    def _frames(self, path: str, memory: _Memory, quiet_s: float) -> FramesInFile | None:
        if memory.frames is not None and quiet_s >= CACHE_AFTER_S:
            return memory.frames
        if self._monotonic() < memory.not_before_s:
            return None
        try:
            memory.frames = self._reader.look_into(Path(path), time_zone=self._settings.time_zone)
        except ReaderDiedError as error:
            self._problems.append(str(error))
            memory.not_before_s = self._monotonic() + RETRY_DEADLY_S
            return None
        except UnreadableFileError:
            return None  # tried again; announced as it is when the run is over
        return memory.frames
