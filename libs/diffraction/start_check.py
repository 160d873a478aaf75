"""Proves at start that h5py and dxtbx share one HDF5 library, by one real read.

dxtbx reads HDF5 through handles that h5py opened; with two HDF5 libraries in one process every
read fails later, frame by frame, with a message that helps nobody.
"""

import importlib
import tempfile
from pathlib import Path

import numpy as np

from libs.diffraction.debian_gaps import prepare
from libs.diffraction.errors import InstallationError


def check_start() -> None:
    """Raise InstallationError when the installed parts do not work together."""
    prepare()
    h5py = importlib.import_module("h5py")
    reader = importlib.import_module("dxtbx.format.nexus")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "start_check.h5"
        with h5py.File(path, "w") as handle:
            handle["data"] = np.arange(12, dtype=np.int32).reshape(1, 3, 4)
        with h5py.File(path, "r") as handle:
            _read_and_compare(reader, handle["data"], h5py.version.hdf5_version)


def _read_and_compare(reader, dataset, version: str) -> None:  # type: ignore[no-untyped-def]
    selection = (slice(0, 1, 1), slice(0, 3, 1), slice(0, 4, 1))
    try:
        values = list(reader.dataset_as_flex_int(dataset.id.id, selection))
    except RuntimeError as error:
        raise InstallationError(
            f"dxtbx cannot read a file that h5py (with HDF5 {version}) opened: {error}. They carry "
            "two different HDF5 libraries: use the h5py of the distribution that dxtbx comes from "
            "(Debian: python3-h5py; remove the one that pip installed)"
        ) from error
    if values != list(range(12)):
        raise InstallationError(
            f"dxtbx reads wrong numbers from a file that h5py (with HDF5 {version}) wrote"
        )
