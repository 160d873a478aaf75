"""The NXmx header of a file: everything that dxtbx's FormatNXmx reads, and the growing datasets.

Vectors are in NeXus's (McStas) axes: dxtbx's x and z, sign changed. Nothing may be added to a
file after SWMR has begun, so every dataset is made here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from libs.messages.units import US_PER_SECOND, datetime_from_us
from libs.simulation.detector import Detector
from libs.simulation.settings import BeamlineSettings, DetectorSettings

DATA = "/entry/data/data"
DETECTOR = "/entry/instrument/detector"
TIMESTAMP = f"{DETECTOR}/timestamp"
SEQUENCE_NUMBER = f"{DETECTOR}/sequence_number"
WAVELENGTH = "/entry/instrument/beam/incident_wavelength"

_TRANSLATION = f"{DETECTOR}/transformations/det_z"
_OFFSET = f"{DETECTOR}/module/module_offset"
_SATURATION = 60_000
_ROWS_PER_CHUNK = 1024


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says before its first frame."""

    settings: BeamlineSettings
    detector: Detector
    start_us: int
    period_us: int


def iso_time(ts_us: int) -> str:
    """ISO 8601 with its zone, to the microsecond."""
    return datetime_from_us(ts_us).isoformat(timespec="microseconds")


def write_header(file: h5py.File, header: Header) -> None:
    entry = _group(file, "entry", "NXentry")
    entry["definition"] = "NXmx"
    entry["start_time"] = iso_time(header.start_us)
    instrument = _group(entry, "instrument", "NXinstrument")
    instrument["name"] = "SIMULATED"
    _write_data(_group(entry, "data", "NXdata"), header.detector)
    _write_detector(_group(instrument, "detector", "NXdetector"), header)
    _write_beam(_group(instrument, "beam", "NXbeam"), header.settings)
    _group(entry, "sample", "NXsample")["name"] = header.settings.sample
    entry["sample/depends_on"] = "."
    _group(entry, "source", "NXsource")["name"] = "SIMULATED"


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def _write_data(data: h5py.Group, detector: Detector) -> None:
    data.attrs["signal"] = "data"
    data.create_dataset(
        "data",
        shape=(0, *detector.shape),
        maxshape=(None, *detector.shape),
        chunks=(1, *detector.shape),
        dtype=np.int32,
        **hdf5plugin.Bitshuffle(cname="lz4"),
    )


def _write_detector(group: h5py.Group, header: Header) -> None:
    settings = header.settings.detector
    group["sensor_material"] = "Si"
    _with_units(group, "sensor_thickness", settings.sensor_mm, "mm")
    _with_units(group, "frame_time", header.period_us / US_PER_SECOND, "s")
    group["saturation_value"] = _SATURATION
    group["underload_value"] = 0
    group["pixel_mask"] = header.detector.mask
    _growing(group, "timestamp", np.int64).attrs["units"] = "us"
    _growing(group, "sequence_number", np.int64)
    _write_position(group, settings)
    _write_module(_group(group, "module", "NXdetector_module"), settings)


def _write_beam(group: h5py.Group, settings: BeamlineSettings) -> None:
    if settings.beam.wavelength_jitter == 0.0:
        name = "incident_wavelength"
        _with_units(group, name, settings.beam.wavelength_angstrom, "angstrom")
    else:
        _growing(group, "incident_wavelength", np.float64).attrs["units"] = "angstrom"


def _write_position(group: h5py.Group, settings: DetectorSettings) -> None:
    group["depends_on"] = _TRANSLATION
    axes = _group(group, "transformations", "NXtransformations")
    distance_mm = settings.distance_mm + settings.header_distance_error_mm
    _axis(axes, "det_z", distance_mm, vector=(0, 0, 1), depends_on=".")


def _write_module(module: h5py.Group, settings: DetectorSettings) -> None:
    module["data_origin"] = np.array([0, 0])
    module["data_size"] = np.array([settings.n_slow, settings.n_fast])
    module["data_stride"] = np.array([1, 1])
    pixel_mm = settings.pixel_mm
    corner = (
        (settings.beam_fast_px + settings.header_fast_error_px) * pixel_mm,
        (settings.beam_slow_px + settings.header_slow_error_px) * pixel_mm,
        0.0,
    )
    _axis(module, "module_offset", 0, vector=(1, 0, 0), depends_on=_TRANSLATION, offset=corner)
    _axis(module, "fast_pixel_direction", pixel_mm, vector=(-1, 0, 0), depends_on=_OFFSET)
    _axis(module, "slow_pixel_direction", pixel_mm, vector=(0, -1, 0), depends_on=_OFFSET)


def _axis(
    group: h5py.Group,
    name: str,
    length_mm: float,
    *,
    vector: Sequence[float],
    depends_on: str,
    offset: Sequence[float] = (0.0, 0.0, 0.0),
) -> None:
    axis = group.create_dataset(name, data=np.array([float(length_mm)]))
    axis.attrs["units"] = "mm"
    axis.attrs["transformation_type"] = "translation"
    axis.attrs["vector"] = np.array(vector, float)
    axis.attrs["offset"] = np.array(offset, float)
    axis.attrs["offset_units"] = "mm"
    axis.attrs["depends_on"] = depends_on


def _with_units(group: h5py.Group, name: str, value: float, units: str) -> None:
    group.create_dataset(name, data=value).attrs["units"] = units


def _growing(group: h5py.Group, name: str, dtype: Any) -> h5py.Dataset:
    shape = {"shape": (0,), "maxshape": (None,), "chunks": (_ROWS_PER_CHUNK,)}
    return group.create_dataset(name, dtype=dtype, **shape)
