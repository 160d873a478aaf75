"""An HDF5 image file that may still be growing, read through dxtbx.

dxtbx opens files without SWMR in places, which HDF5 refuses while a writer is at work, unless the
same process already holds the file open with SWMR: so this class holds it, refreshes what grows,
and makes dxtbx's format object anew only when a frame beyond those it knows is asked for.
"""

from contextlib import suppress
from typing import Any

from libs.diffraction.errors import UnreadableFrameError
from libs.diffraction.linked_images import LinkedImages, image_group, linked_format, linked_images
from libs.diffraction.raw_frame import FrameClock, RawFrame
from libs.diffraction.virtual_data import VirtualFrames

Hints = tuple[str, ...]


class Hdf5File:
    """One open file; close it when it is no longer needed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle = _open(path)
        self._found: Any = None
        self._format: Any = None
        self._known = 0
        self._linked: LinkedImages | None = None
        self._virtual: VirtualFrames | None = None

    def count(self) -> int:
        """The number of images at present."""
        self._renew()
        return self._known

    def read(self, index: int) -> RawFrame:
        """One image; raises UnreadableFrameError where there is none of this number."""
        if index >= self._known:
            self._renew()
        if index >= self._known:
            raise UnreadableFrameError(self._why_not(index))
        beam = self._beam(index)
        images = self._images(index)
        return RawFrame(
            images=images if isinstance(images, tuple) else (images,),
            beam=beam,
            detector=self._format.get_detector(index),
            static_mask=self._format.get_static_mask(),
            format_class=self._found,
            clock=self._clock(index),
        )

    def close(self) -> None:
        """Let the file go."""
        self._format = self._linked = self._virtual = None
        self._handle.close()

    def _beam(self, index: int) -> Any:
        """Wavelengths become visible after the images, their places before their values."""
        with suppress(AssertionError, IndexError):
            beam = self._format.get_beam(index)
            if beam.get_wavelength() > 0.0:
                return beam
        self._renew()
        return self._format.get_beam(index)

    def _images(self, index: int) -> Any:
        if self._virtual is not None and (problem := self._virtual.missing(index)):
            raise UnreadableFrameError(problem)
        return self._format.get_raw_data(index)

    def _why_not(self, index: int) -> str:
        missing = "" if self._linked is None else self._linked.missing()
        asked = f"the file holds {self._known} images, image {index} (counted from 0) was asked for"
        return f"{asked}: {missing}" if missing else asked

    def _renew(self) -> None:
        from dxtbx.format.Registry import get_format_class_for_file

        _refresh(self._handle)
        found = get_format_class_for_file(self._path)
        if found is None:
            raise UnreadableFrameError("HDF5, but in no layout that dxtbx knows")
        self._found = found
        self._linked = linked_images(self._handle) if _looks_at_first_only(found) else None
        self._virtual = _virtual(self._handle)
        if self._linked is None:
            self._format = found(self._path)
            self._known = int(self._format.get_num_images())
        else:
            self._format = linked_format(found, self._linked)(self._path)
            self._known = self._linked.count()

    def _clock(self, index: int) -> FrameClock:
        entry = next((e for e in self._handle.values() if _is(e, "NXentry")), None)
        if entry is None:
            return FrameClock()
        detector = _detector(entry)
        return FrameClock(
            stamp_us=_stamp(detector, index),
            start_text=_text(entry, "start_time"),
            period_s=_number(detector, "frame_time"),
        )


def _looks_at_first_only(found: Any) -> bool:
    """NXmx readers know one data set; dxtbx's others follow all links themselves."""
    from dxtbx.format.FormatNXmx import FormatNXmx

    return issubclass(found, FormatNXmx)


def _open(path: str) -> Any:
    import h5py

    try:
        return h5py.File(path, "r", swmr=True)
    except (OSError, ValueError):
        return h5py.File(path, "r")


def _virtual(handle: Any) -> VirtualFrames | None:
    group = image_group(handle)
    images = None if group is None else group.get("data")
    is_virtual = bool(getattr(images, "is_virtual", False))
    return VirtualFrames(images) if is_virtual else None


def _refresh(handle: Any) -> None:
    """Let HDF5 see what the writer has added since: everything that can grow, also behind links."""
    growing: list[Any] = []

    def note(_: str, node: Any) -> None:
        if None in getattr(node, "maxshape", ()):
            growing.append(node)

    handle.visititems(note)
    for entry in handle.values():
        for group in getattr(entry, "values", tuple)():
            if _is(group, "NXdata"):
                growing += _linked(group)
    for dataset in growing:
        with suppress(OSError, RuntimeError):
            dataset.id.refresh()


def _linked(group: Any) -> list[Any]:
    found = []
    for name in group:
        with suppress(KeyError, OSError):  # a link to a file that is not there yet
            node = group[name]
            found += [node] if hasattr(node, "shape") else []
    return found


def _detector(entry: Any) -> Any:
    with suppress(KeyError, AttributeError, TypeError):
        instrument = next(g for g in entry.values() if _is(g, "NXinstrument"))
        return next(g for g in instrument.values() if _is(g, "NXdetector"))
    return None


def _is(node: Any, nexus_class: str) -> bool:
    name = node.attrs.get("NX_class") if hasattr(node, "attrs") else None
    return bool(name in (nexus_class, nexus_class.encode()))


def _stamp(detector: Any, index: int) -> int | None:
    """`timestamp`: µs since 1970 UTC, one per frame."""
    if detector is None or "timestamp" not in detector:
        return None
    stamps = detector["timestamp"]
    if stamps.ndim != 1 or stamps.dtype.kind not in "iu":
        return None
    if index >= len(stamps) or not stamps[index]:
        stamps.refresh()  # visible after the images; not `id.refresh`: h5py keeps the length
    return int(stamps[index]) or None if index < len(stamps) else None


def _text(group: Any, name: str) -> str | None:
    if group is None or name not in group:
        return None
    value = group[name][()]
    return value.decode() if isinstance(value, bytes) else str(value)


def _number(group: Any, name: str) -> float | None:
    if group is None or name not in group or group[name].size != 1:
        return None
    return float(group[name][()])
