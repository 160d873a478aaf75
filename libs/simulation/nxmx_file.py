"""One growing NXmx file: frames appended under SWMR, visible to readers as soon as flushed."""

from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from libs.simulation.errors import SimulationError
from libs.simulation.nxmx import DATA, SEQUENCE_NUMBER, TIMESTAMP, WAVELENGTH, Header, write_header


class NxmxFile:
    """The image goes to disk before its time stamp and its number: a reader that trusts the
    length of `sequence_number` never meets a frame without pixels."""

    def __init__(self, path: Path, header: Header, *, flush_every: int = 1) -> None:
        try:
            self._file = h5py.File(path, "x", libver="latest")
        except OSError as error:
            text = f"Cannot create {path} ({error}); choose another folder or run number."
            raise SimulationError(text) from error
        write_header(self._file, header)
        self._file.swmr_mode = True
        self._images = self._file[DATA]
        self._flush_every = flush_every
        self._waiting: list[tuple[int, int, float]] = []

    def append(
        self, image: NDArray[np.int32], *, frame: int, ts_us: int, wavelength_angstrom: float
    ) -> None:
        index = self._images.shape[0]
        self._images.resize(index + 1, axis=0)
        self._images[index] = image
        self._waiting.append((ts_us, frame, wavelength_angstrom))
        if len(self._waiting) >= self._flush_every:
            self.flush()

    def flush(self) -> None:
        """Make every appended frame visible to readers."""
        if not self._waiting:
            return
        self._images.flush()
        stamps, numbers, wavelengths = zip(*self._waiting, strict=True)
        if self._file[WAVELENGTH].shape:
            self._extend(WAVELENGTH, wavelengths)
        self._extend(TIMESTAMP, stamps)
        self._extend(SEQUENCE_NUMBER, numbers)
        self._waiting.clear()

    def _extend(self, name: str, values: tuple[Any, ...]) -> None:
        dataset = self._file[name]
        first = dataset.shape[0]
        dataset.resize(first + len(values), axis=0)
        dataset[first:] = values
        dataset.flush()

    def close(self) -> None:
        if self._file:
            self.flush()
            self._file.close()

    def __enter__(self) -> "NxmxFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
