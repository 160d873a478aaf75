"""The same frames in other HDF5 layouts: virtual data sets, external links, SACLA's MPCCD."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import numpy.typing as npt

IMAGES = "/entry/data/data"
MPCCD_SHAPE = (8192, 512)
"""Eight panels of 1024 × 512 pixels, one below the other."""
Image = npt.NDArray[np.int32]


def as_virtual(original: Path, folder: Path, parts: Sequence[int]) -> Path:
    """A master whose images are a virtual data set over one source file for each part."""
    master = _without_images(original, folder)
    with h5py.File(original, "r") as file:
        images = file[IMAGES][()]
    layout = h5py.VirtualLayout(shape=images.shape, dtype=images.dtype)
    for name, first, part in _parts(images, parts):
        _write_part(folder / name, part)
        layout[first : first + len(part)] = h5py.VirtualSource(name, "data", shape=part.shape)
    with h5py.File(master, "r+") as file:
        file.create_virtual_dataset(IMAGES, layout, fillvalue=0)
    return master


def as_external_links(original: Path, folder: Path, parts: Sequence[int]) -> Path:
    """A master with `data_000001` and so on, each a link into a file of its own."""
    master = _without_images(original, folder)
    with h5py.File(original, "r") as file:
        images = file[IMAGES][()]
    with h5py.File(master, "r+") as file:
        del file["entry/data"].attrs["signal"]
        for number, (name, _, part) in enumerate(_parts(images, parts), 1):
            _write_part(folder / name, part)
            file[f"entry/data/data_{number:06d}"] = h5py.ExternalLink(name, "data")
    return master


def write_mpccd(path: Path, images: Sequence[Image], energies_ev: Sequence[float]) -> Path:
    """What Cheetah writes at SACLA, as dxtbx's FormatHDF5SaclaMPCCD reads it."""
    with h5py.File(path, "w") as file:
        meta = file.create_group("metadata")
        meta["detector"] = b"MPCCD-8-2-001"
        meta["distance_in_mm"] = 51.5
        meta["angle_in_rad"] = np.array([-90.0] * 4 + [90.0] * 4)
        meta["posx_in_um"] = np.array([-1755.0, -1711, 817, 812, -792, -781, 1650, 1655])
        meta["posy_in_um"] = np.array([51711.0, 24944, -1808, -28466, 28544, 1840, -24900, -51626])
        meta["posz_in_um"] = np.zeros(8)
        meta["sensor_id"] = np.array([b"MPCCD-8B0-1-001"] * 8)
        meta["pixelmask"] = np.zeros(MPCCD_SHAPE, np.uint8)
        for number, (image, energy) in enumerate(zip(images, energies_ev, strict=True)):
            tag = file.create_group(f"tag-{280_000_000 + 2 * number}")
            tag.create_dataset("data", data=image.astype(np.uint16), **hdf5plugin.Bitshuffle())
            tag["photon_energy_ev"] = energy
    return path


def _without_images(original: Path, folder: Path) -> Path:
    folder.mkdir()
    master = folder / "master.h5"
    master.write_bytes(original.read_bytes())
    with h5py.File(master, "r+") as file:
        del file[IMAGES]
    return master


def _parts(images: Image, counts: Sequence[int]) -> list[tuple[str, int, Image]]:
    assert sum(counts) == len(images)
    firsts = np.cumsum([0, *counts])
    return [
        (f"part_{number:03d}.h5", int(first), images[first : first + count])
        for number, (first, count) in enumerate(zip(firsts, counts, strict=False))
    ]


def _write_part(path: Path, images: Image) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "data", data=images, chunks=(1, *images.shape[1:]), **hdf5plugin.Bitshuffle(cname="lz4")
        )
