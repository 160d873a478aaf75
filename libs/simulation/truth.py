"""What is true about a simulated run: the words of `truth.jsonl` and `truth_run.json`."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from libs.simulation.beamline import Frame
from libs.simulation.conditions import Kind
from libs.simulation.crystal import Crystal
from libs.simulation.models import PHOTONS
from libs.simulation.symmetry import FloatArray, UnitCell

FRAMES_FILE = "truth.jsonl"
RUN_FILE = "truth_run.json"


class LatticeTruth(msgspec.Struct, frozen=True, kw_only=True):
    """`a_matrix` row by row, 1/Å, q = A · h. `n_over_20` reflections expect over 20 photons."""

    unit_cell: UnitCell
    a_matrix: tuple[float, ...]
    d_limit_angstrom: float
    scale: float
    mosaicity_deg: float
    domain_angstrom: float
    n_over_20: int
    n_over_60: int
    n_over_200: int


class FrameTruth(msgspec.Struct, frozen=True, kw_only=True):
    """`frame` counts through the run from 0, `index_in_file` within `file`, also from 0."""

    run: str
    frame: int
    file: str
    index_in_file: int
    ts_us: int
    kind: Kind
    beam: bool
    jet: bool
    pulse: float
    wavelength_angstrom: float
    n_stray_spots: int
    lattices: tuple[LatticeTruth, ...]


class RunTruth(msgspec.Struct, frozen=True, kw_only=True):
    """`complete` turns true when the last frame is on disk; then `frames_by_kind` is final."""

    run: str
    scenario: str
    seed: int
    frames: int
    period_us: int
    start_us: int
    onset_frame: int | None
    onset_us: int | None
    cure_frame: int | None
    cure_us: int | None
    sample: str
    unit_cell: UnitCell
    space_group: str
    structure_seed: int
    wavelength_angstrom: float
    distance_mm: float
    image_size_px: tuple[int, int]
    files: tuple[str, ...] = ()
    frames_by_kind: dict[Kind, int] = {}
    complete: bool = False


def lattice_truth(crystal: Crystal, reflections: FloatArray) -> LatticeTruth:
    photons = reflections[:, PHOTONS]
    return LatticeTruth(
        unit_cell=crystal.unit_cell,
        a_matrix=tuple(crystal.a_matrix().ravel().tolist()),
        d_limit_angstrom=crystal.d_limit_angstrom,
        scale=crystal.photons,
        mosaicity_deg=crystal.mosaicity_deg,
        domain_angstrom=crystal.domain_angstrom,
        n_over_20=int((photons > 20).sum()),
        n_over_60=int((photons > 60).sum()),
        n_over_200=int((photons > 200).sum()),
    )


def frame_truth(frame: Frame, *, run: str, file: str, index_in_file: int, ts_us: int) -> FrameTruth:
    shot = frame.shot
    return FrameTruth(
        run=run,
        frame=shot.frame,
        file=file,
        index_in_file=index_in_file,
        ts_us=ts_us,
        kind=shot.condition.kind,
        beam=shot.condition.beam,
        jet=shot.condition.jet,
        pulse=shot.pulse,
        wavelength_angstrom=shot.wavelength_angstrom,
        n_stray_spots=len(shot.stray_spots),
        lattices=tuple(map(lattice_truth, shot.crystals, frame.reflections)),
    )


def write_run_truth(folder: Path, truth: RunTruth) -> None:
    text = msgspec.json.format(msgspec.json.encode(truth), indent=2)
    (folder / RUN_FILE).write_bytes(text + b"\n")


def read_run_truth(folder: Path) -> RunTruth:
    return msgspec.json.decode((folder / RUN_FILE).read_bytes(), type=RunTruth)


def read_frame_truths(folder: Path) -> Iterator[FrameTruth]:
    decoder = msgspec.json.Decoder(FrameTruth)
    with (folder / FRAMES_FILE).open("rb") as lines:
        yield from map(decoder.decode, lines)
