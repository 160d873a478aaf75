"""The files that a command line names: patterns and folders are replaced by what they hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path

WILDCARDS = "*?["
ENDINGS = (".cbf", ".cbf.bz2", ".cbf.gz", ".h5", ".hdf5", ".nxs", ".img", ".mccd", ".sfrm", ".smv")
PARTS_OF_A_MASTER = "*_data_[0-9]*.h5"
"""Dectris's writer puts them beside their master, which leads to them."""


def named_files(names: Sequence[str]) -> Iterator[str]:
    """In the order given; a name that leads nowhere stays, so that it is reported as a frame."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from _images(path) or [name]
        elif not path.exists() and any(sign in name for sign in WILDCARDS):
            yield from _matching(path) or [name]
        else:
            yield name


def _matching(pattern: Path) -> list[str]:
    root = Path(pattern.anchor)
    return sorted(str(path) for path in root.glob(str(pattern.relative_to(root))))


def _images(folder: Path) -> list[str]:
    """The images of the folder itself, by name."""
    files = (path for path in folder.iterdir() if path.is_file())
    return sorted(
        str(path)
        for path in files
        if path.name.lower().endswith(ENDINGS) and not path.match(PARTS_OF_A_MASTER)
    )
