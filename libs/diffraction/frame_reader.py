"""Frames from files, through dxtbx: CBF (also compressed), NXmx and other HDF5, whatever it knows.

Keeps a few HDF5 files open, since their geometry is read once per file. Everything that a bad file
can do ends in UnreadableFrameError, except a crash of native code.
"""

import os
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

from libs.diffraction.cbf_check import MAGIC, check_cbf
from libs.diffraction.cbf_clock import cbf_stamp
from libs.diffraction.errors import UnreadableFrameError
from libs.diffraction.hdf5_file import Hdf5File
from libs.diffraction.raw_frame import FrameClock, RawFrame
from libs.diffraction.virtual_data import HDF5_MAGIC

OPEN_FILES = 4
FileKey = tuple[str, int, int]


class FrameReader:
    """Reads frames one by one; not for several threads."""

    def __init__(self) -> None:
        self._open: OrderedDict[FileKey, Hdf5File] = OrderedDict()
        self._last_format: str | None = None

    def read(self, file: str, index: int) -> RawFrame:
        """One frame; raises UnreadableFrameError with a reason for people."""
        return self._guarded(file, lambda: self._read(file, index))  # type: ignore[no-any-return]

    def count(self, file: str) -> int:
        """The number of images in a file; raises UnreadableFrameError."""
        return self._guarded(file, lambda: self._count(file))  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let all files go."""
        while self._open:
            self._open.popitem()[1].close()

    def _guarded(self, file: str, action: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return action()
        except UnreadableFrameError:
            raise
        except Exception as error:
            self._forget(file)
            raise UnreadableFrameError(_reason(error)) from error

    def _read(self, file: str, index: int) -> RawFrame:
        if _head(file).startswith(HDF5_MAGIC):
            return self._hdf5(file).read(index)
        return self._single(file)

    def _count(self, file: str) -> int:
        return self._hdf5(file).count() if _head(file).startswith(HDF5_MAGIC) else 1

    def _hdf5(self, file: str) -> Hdf5File:
        status = Path(file).stat()
        key = (file, status.st_dev, status.st_ino)
        if key not in self._open:
            self._forget(file)
            while len(self._open) >= OPEN_FILES:
                self._open.popitem(last=False)[1].close()
            self._open[key] = Hdf5File(file)
        self._open.move_to_end(key)
        return self._open[key]

    def _forget(self, file: str) -> None:
        for key in [key for key in self._open if key[0] == file]:
            self._open.pop(key).close()

    def _single(self, file: str) -> RawFrame:
        from dxtbx.format.Registry import get_format_class_for_file

        data = _whole(file)
        if data.startswith(MAGIC):
            check_cbf(data)
        found = get_format_class_for_file(file, self._last_format)
        if found is None:
            raise UnreadableFrameError("in no format that dxtbx knows")
        self._last_format = found.__name__
        image = found(file)
        pixels = image.get_raw_data()
        return RawFrame(
            images=pixels if isinstance(pixels, tuple) else (pixels,),
            beam=image.get_beam(),
            detector=image.get_detector(),
            static_mask=image.get_static_mask() if hasattr(image, "get_static_mask") else None,
            format_class=found,
            clock=FrameClock(
                stamp_text=cbf_stamp(data) if data.startswith(MAGIC) else None,
                modified_us=Path(file).stat().st_mtime_ns // 1000,
            ),
        )


def _head(file: str) -> bytes:
    with Path(file).open("rb") as handle:
        head = handle.read(8)
    if not head:
        raise UnreadableFrameError("the file is empty")
    return head


def _whole(file: str) -> bytes:
    """The file's bytes, uncompressed; dxtbx keeps them for its own reading just after."""
    from dxtbx.format.Format import Format

    with Format.open_file(file, "rb") as handle:
        return bytes(handle.read())


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist (any more)"
    if isinstance(error, IsADirectoryError):
        return "a folder without images"
    if isinstance(error, PermissionError):
        return f"the file may not be read by user {os.getuid()}"
    if isinstance(error, EOFError):
        return "truncated: the compressed data end too early"
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}"[:300]
