"""Jungfraujoch's per-image results: JSON objects, one image each, or a whole scan result.

Names and units are those of Jungfraujoch's OpenAPI definition (`scan_result` and its `images`, as
in the Python package jfjoch-client 1.0.0rc153, models ScanResultImagesInner and UnitCell):
`number` image number, `spots` spot count, `spots_indexed` those within the indexing tolerance,
`index` indexing solution (0 or 1; absent where images were not indexed), `latt_count` number of
lattices, `uc` unit cell (Å, degrees), `res` estimate of the resolution (Å), `bkg` background
estimate; a scan result names its `file_prefix`.

Of ours, where the sender can add it: `run` (the run's number), `file`, `index_in_file`, `ts_us`,
`wavelength_angstrom`. `uc` is told once per image: further lattices of `latt_count` are counted
with the same cell. `bkg` is no pair of rings, so nothing is said of solvent.
"""

import msgspec

from libs.external_results.external_frame import (
    MOST_LATTICES,
    ExternalError,
    ExternalFrame,
    lattice_of,
)
from libs.messages import Lattice


class UnitCell(msgspec.Struct, frozen=True, kw_only=True):
    """Å and degrees."""

    a: float
    b: float
    c: float
    alpha: float
    beta: float
    gamma: float


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a scan result."""

    number: int
    spots: int | None = None
    spots_indexed: int | None = None
    index: int | bool | None = None
    latt_count: int | None = None
    uc: UnitCell | None = None
    res: float | None = None
    run: str | int | None = None
    file: str | None = None
    index_in_file: int | None = None
    ts_us: int | None = None
    wavelength_angstrom: float | None = None


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `GET /result/scan` answers."""

    images: tuple[Image, ...]
    file_prefix: str | None = None


_IMAGE = msgspec.json.Decoder(Image)
_SCAN = msgspec.json.Decoder(ScanResult)


def read_images(payload: bytes) -> tuple[ExternalFrame, ...]:
    """The frames of one JSON object; raises ExternalError."""
    try:
        if b'"images"' in payload:
            scan = _SCAN.decode(payload)
            return tuple(_frame(image, scan.file_prefix) for image in scan.images)
        return (_frame(_IMAGE.decode(payload), None),)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise ExternalError(f"no result of Jungfraujoch: {error}") from error


def _frame(image: Image, prefix: str | None) -> ExternalFrame:
    run = image.run if image.run is not None else prefix
    return ExternalFrame(
        number=image.number,
        run=None if run is None else str(run),
        file=image.file or prefix or "",
        index_in_file=image.number if image.index_in_file is None else image.index_in_file,
        n_strong=image.spots or 0,
        selected=image.index is not None,
        tried=image.index is not None and bool(image.spots),
        lattices=_lattices(image),
        wavelength_angstrom=image.wavelength_angstrom,
        ts_us=image.ts_us,
    )


def _lattices(image: Image) -> tuple[Lattice, ...]:
    if not image.index:
        return ()
    if image.uc is None:
        raise ExternalError(f"image {image.number} is indexed but tells no unit cell (uc)")
    cell = image.uc
    one = lattice_of(
        (cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma),
        n_indexed=image.spots_indexed or 0,
        d_min_angstrom=image.res,
    )
    return (one,) * min(max(1, image.latt_count or 1), MOST_LATTICES)
