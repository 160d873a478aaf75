"""The same frames in other HDF5 layouts: virtual data sets, external links, SACLA's MPCCD."""

from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import numpy.typing as npt

IMAGES = "/entry/data/data"
MPCCD_SHAPE = (8192, 512)
"""Eight panels of 1024 × 512 pixels, one below the other."""
Image = npt.NDArray[np.int32]
Layout = Callable[[Path, Path, Sequence[int]], Path]


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


def under_another_name(layout: Layout) -> Layout:
    """The same with a group of images that only its class tells."""

    def renamed(original: Path, folder: Path, parts: Sequence[int]) -> Path:
        master = layout(original, folder, parts)
        with h5py.File(master, "r+") as file:
            file.move("entry/data", "entry/pictures")
        return master

    return renamed


def as_dectris_master(original: Path, folder: Path, parts: Sequence[int]) -> Path:
    """What the writer of Dectris's Eiger leaves when it is not told to write NXmx: no definition,
    lengths in metres, images behind links (dxtbx's FormatHDF5EigerNearlyNexus).
    """
    folder.mkdir()
    master = folder / "run_1_master.h5"
    with h5py.File(original, "r") as file:
        images = _placed_on(EIGER_1M_SHAPE, file[IMAGES][()])
        wavelength = float(np.ravel(file["entry/instrument/beam/incident_wavelength"])[0])
    with h5py.File(master, "w") as file:
        for name, nexus_class in DECTRIS_GROUPS.items():
            file.create_group(name).attrs["NX_class"] = np.bytes_(nexus_class)
        for name, value in DECTRIS_DETECTOR.items():
            file[f"entry/instrument/detector/{name}"] = value
        for name in ("x_pixel_size", "y_pixel_size", "sensor_thickness"):
            file[f"entry/instrument/detector/{name}"].attrs["units"] = np.bytes_("m")
        file["entry/instrument/beam/incident_wavelength"] = wavelength
        file["entry/instrument/beam/incident_wavelength"].attrs["units"] = np.bytes_("angstrom")
        file["entry/sample/goniometer/omega_range_average"] = 0.0
        for number, (_, _, part) in enumerate(_parts(images, parts), 1):
            name = f"run_1_data_{number:06d}.h5"
            with h5py.File(folder / name, "w") as piece:
                piece.create_dataset(
                    IMAGES, data=part, chunks=(1, *part.shape[1:]),
                    **hdf5plugin.Bitshuffle(cname="lz4"),
                )  # fmt: skip
            file[f"entry/data/data_{number:06d}"] = h5py.ExternalLink(name, IMAGES)
    return master


def _placed_on(shape: tuple[int, int], images: Image) -> Image:
    """Images in the corner of a larger detector."""
    larger = np.zeros((len(images), *shape), np.int32)
    larger[:, : images.shape[1], : images.shape[2]] = images
    return larger


EIGER_1M_SHAPE = (1065, 1030)
DECTRIS_GROUPS = {
    "entry": "NXentry",
    "entry/data": "NXdata",
    "entry/instrument": "NXinstrument",
    "entry/instrument/beam": "NXbeam",
    "entry/instrument/detector": "NXdetector",
    "entry/sample": "NXsample",
    "entry/sample/goniometer": "NXtransformations",
}
DECTRIS_DETECTOR: dict[str, object] = {
    "description": np.bytes_("Dectris Eiger 1M"),
    "detector_number": np.bytes_("E-02-0100"),
    "x_pixel_size": 75e-6,
    "y_pixel_size": 75e-6,
    "sensor_material": np.bytes_("Si"),
    "sensor_thickness": 320e-6,
    "geometry/orientation/value": np.array([-1.0, 0, 0, 0, -1, 0]),
    "geometry/translation/distances": np.array([0.018, 0.018, -0.075]),
    "detectorSpecific/countrate_correction_count_cutoff": 60000,
}


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
