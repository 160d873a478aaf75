"""Images that are spread over several data sets: `data_000001`, `data_000002` and so on, usually
external links into files of their own, as Dectris's file writer makes them.

dxtbx's NXmx reader looks at the first data set, and gives up where a link leads nowhere (yet); here
each frame is given to it with its own one.
"""

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from libs.diffraction.errors import UnreadableFrameError

PREFIX = "data_"


class LinkedImages:
    """The data sets of one group in order, as far as they are there without a gap."""

    def __init__(self, group: Any) -> None:
        self._group = group
        self._names = sorted(name for name in group if name.startswith(PREFIX))

    def count(self) -> int:
        """Frames up to the first data set that is not there."""
        return sum(len(dataset) for dataset in self._present())

    def locate(self, index: int) -> tuple[Any, int]:
        """The data set that holds frame `index`, and its place there."""
        place = index
        for dataset in self._present():
            if place < len(dataset):
                return dataset, place
            place -= len(dataset)
        raise UnreadableFrameError(f"image {index} (counted from 0): {self.missing() or 'too far'}")

    def missing(self) -> str:
        """What keeps further frames away; empty where all data sets are there."""
        for name in self._names:
            if not _is_there(self._group, name):
                link = self._group.get(name, getlink=True)
                return f"{name} is not there ({getattr(link, 'filename', 'a broken link')})"
        return ""

    def _present(self) -> Iterator[Any]:
        for name in self._names:
            if not _is_there(self._group, name):
                return
            yield self._group[name]


def linked_images(handle: Any) -> LinkedImages | None:
    """Those of a file whose images lie in several data sets; None where there is but one."""
    group = image_group(handle)
    if group is None or "data" in group or not any(n.startswith(PREFIX) for n in group):
        return None
    return LinkedImages(group)


def image_group(handle: Any) -> Any:
    """The first NXdata of the first NXentry, whatever they are called; None where there is none."""
    entry = next(_of_class(handle, "NXentry"), None)
    return None if entry is None else next(_of_class(entry, "NXdata"), None)


def _of_class(group: Any, nexus_class: str) -> Iterator[Any]:
    for name in group:
        with suppress(KeyError, OSError):  # a link to what is not there (yet)
            node = group[name]
            found = node.attrs.get("NX_class")
            if hasattr(node, "keys") and found in (nexus_class, nexus_class.encode()):
                yield node


def linked_format(found: Any, linked: LinkedImages) -> Any:
    """`found`, dxtbx's FormatNXmx or a child of it, for images in several data sets."""

    class Linked(found):  # type: ignore[misc]
        """Shows its parent each frame's data set as if it were the only one."""

        _images: Any = None

        def _get_nxmx(self, file: Any) -> Any:
            images = linked.locate(0)[0] if self._images is None else self._images
            entry = _EntryWithData(super()._get_nxmx(file).entries[0], images)
            return SimpleNamespace(entries=[entry])

        def get_raw_data(self, index: int) -> Any:
            self._images, place = linked.locate(index)
            return super().get_raw_data(place)

    return Linked


class _EntryWithData:
    """An NXentry with this data set as all its data."""

    def __init__(self, entry: Any, images: Any) -> None:
        self._entry = entry
        self.data = [SimpleNamespace(signal=None, values=lambda: [images])]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)


def _is_there(group: Any, name: str) -> bool:
    try:
        return hasattr(group[name], "shape")
    except (KeyError, OSError):  # the file of an external link does not exist (yet)
        return False
