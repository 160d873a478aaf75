"""One chunk of a CrystFEL stream: what indexamajig says of one frame.

Markers, names and units as `libcrystfel/src/stream.c` of CrystFEL writes them (stream formats 2.1
to 2.3): cells in nm and degrees, reciprocal axes and limits in 1/nm, photon energy in eV; a chunk
is whole when its end marker is there. Reflections and peak positions are not read.

CrystFEL's laboratory frame has z along the beam and y up; ours (dxtbx, imgCIF) has z towards the
source, hence (x, y, z) → (−x, y, −z). A stream tells lattice type and centring, not the space
group: the least symmetric one of that kind stands for it.
"""

import math
import re

from libs.external_results.external_frame import ExternalError, ExternalFrame, lattice_of
from libs.messages import Lattice

EV_ANGSTROM = 12398.419843320026
"""h c / e: wavelength (Å) times photon energy (eV)."""
BEGIN_CHUNK, END_CHUNK = b"----- Begin chunk -----", b"----- End chunk -----"
BEGIN_CRYSTAL, REFLECTIONS = "--- Begin crystal", "Reflections measured after indexing"
PEAKS, END_PEAKS = "Peaks from peak search", "End of peak list"
NUMBER = r"([-+]?[0-9.]+(?:[eE][-+]?\d+)?)"
CELL = re.compile(rf"{NUMBER} {NUMBER} {NUMBER} nm, {NUMBER} {NUMBER} {NUMBER} deg")
AXIS = re.compile(rf"^([abc])star = {NUMBER} {NUMBER} {NUMBER} nm\^-1$")
LIMIT = re.compile(rf"^{NUMBER} nm\^-1")
EVENT = re.compile(r"(\d+)\D*$")
FIELD = re.compile(r"^([\w ]+?)(?:: | = |(?<=Cell parameters) )(.*)$")
LEAST_SYMMETRIC = {
    "triclinic": "1",
    "monoclinic": "1 2 1",
    "orthorhombic": "2 2 2",
    "tetragonal": "4",
    "rhombohedral": "3",
    "hexagonal": "6",
    "cubic": "2 3",
}


def read_chunk(payload: bytes) -> ExternalFrame:
    """The frame of a chunk; its number is the event's, else the file's. Raises ExternalError."""
    try:
        head, *crystals = payload.decode().split(BEGIN_CRYSTAL)
        before, _, peaks = head.partition(PEAKS)
        said = _fields(before + peaks.partition(END_PEAKS)[2])
        return _frame(said, [_lattice(c.partition(REFLECTIONS)[0]) for c in crystals])
    except (ValueError, KeyError, OverflowError, ZeroDivisionError) as error:
        if isinstance(error, ExternalError):
            raise
        raise ExternalError(f"no whole chunk of a CrystFEL stream: {error!r}") from error


def _frame(said: dict[str, str], lattices: list[Lattice]) -> ExternalFrame:
    file = said["Image filename"]
    event = EVENT.search(said.get("Event", ""))
    in_name = EVENT.search(file.rsplit("/", 1)[-1].split(".")[0])
    number = event or in_name
    if number is None:
        raise ExternalError(f"{file}: neither the event nor the file's name has a number")
    is_indexed = said.get("indexed_by", "none") != "none"
    return ExternalFrame(
        number=int(number[1]),
        file=file,
        index_in_file=int(event[1]) if event else 0,
        n_strong=int(said["num_peaks"]),
        tried=is_indexed or bool(lattices) or said.get("hit") == "1",
        lattices=tuple(lattices),
        wavelength_angstrom=EV_ANGSTROM / float(said["photon_energy_eV"]),
    )


def _lattice(text: str) -> Lattice:
    said = _fields(text)
    cell = CELL.match(" ".join(said["Cell parameters"].split()))
    if cell is None:
        raise ExternalError(f"cell parameters that are none: {said['Cell parameters'][:80]}")
    a, b, c, alpha, beta, gamma = (float(x) for x in cell.groups())
    limit = LIMIT.match(said.get("diffraction_resolution_limit", ""))
    per_nm = float(limit[1]) if limit else 0.0
    return lattice_of(
        (10.0 * a, 10.0 * b, 10.0 * c, alpha, beta, gamma),
        space_group=_space_group(said.get("lattice_type", ""), said.get("centering", "P")),
        a_matrix=_setting_matrix(text),
        n_integrated=int(said.get("num_reflections", "0")),
        d_min_angstrom=10.0 / per_nm if per_nm > 0.0 else None,
    )


def _fields(text: str) -> dict[str, str]:
    found = (FIELD.match(line) for line in text.splitlines())
    return {match[1]: match[2].strip() for match in found if match}


def _setting_matrix(text: str) -> tuple[float, ...]:
    """Columns a*, b*, c* (1/Å) in our frame, row by row."""
    axes = {}
    for line in text.splitlines():
        if match := AXIS.match(line):
            x, y, z = (float(value) / 10.0 for value in match.groups()[1:])
            axes[match[1]] = (-x, y, -z)
    matrix = tuple(axes[name][row] for row in range(3) for name in "abc")
    if not all(math.isfinite(value) for value in matrix):
        raise ExternalError("reciprocal axes that are no numbers")
    return matrix


def _space_group(lattice_type: str, centring: str) -> str:
    if centring in ("H", "R"):
        return "R 3"
    letter = centring if centring in ("A", "B", "C", "I", "F") else "P"
    return f"{letter} {LEAST_SYMMETRIC.get(lattice_type, '1')}"
