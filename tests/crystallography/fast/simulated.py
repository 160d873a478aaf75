"""Simulated frames as the fast lane's pure part takes them: arrays, detector, known crystal."""

from functools import lru_cache

import numpy as np

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.lattices import IndexedLattice, find_lattices
from libs.crystallography.fast.settings import FastSettings, IndexSettings, SpotSettings
from libs.crystallography.fast.spots import Spots, StrongPixels, find_spots
from libs.simulation import Beamline, Frame
from libs.simulation.beamline import MASKED
from libs.simulation.conditions import Condition
from libs.simulation.detector import silicon_absorption_per_mm
from libs.simulation.settings import BeamlineSettings
from libs.simulation.symmetry import TRANSLATION_UNIT, close_group, find_sample

TRUSTED = [(-1.0, 1e6)]


@lru_cache(maxsize=2)
def beamline(settings: BeamlineSettings) -> Beamline:
    return Beamline(settings)


def known_crystal(name: str, factor: float = 1.0) -> KnownCrystal:
    """The crystal of a sample, all edges longer by a factor."""
    sample = find_sample(name)
    operations = close_group(sample.generators)
    edges = [edge * factor for edge in sample.unit_cell[:3]]
    return KnownCrystal(
        unit_cell=(*edges, *sample.unit_cell[3:]),
        rotations=np.array([operation.rotation for operation in operations]),
        translations=np.array([o.translation for o in operations]) / TRANSLATION_UNIT,
    )


def detector_of(settings: BeamlineSettings) -> FlatDetector:
    """The detector as the simulated header describes it."""
    d, wavelength = settings.detector, settings.beam.wavelength_angstrom
    fast, slow = d.beam_fast_px + d.header_fast_error_px, d.beam_slow_px + d.header_slow_error_px
    distance = d.distance_mm + d.header_distance_error_mm
    return FlatDetector(
        origin_mm=np.array([[-fast * d.pixel_mm, slow * d.pixel_mm, -distance]]),
        fast=np.array([[1.0, 0.0, 0.0]]),
        slow=np.array([[0.0, -1.0, 0.0]]),
        pixel_mm=np.full((1, 2), d.pixel_mm),
        shape_px=np.array([[d.n_fast, d.n_slow]]),
        absorption=np.array([[silicon_absorption_per_mm(wavelength), d.sensor_mm]]),
        s0=np.array([0.0, 0.0, -1.0 / wavelength]),
    )


def shoot(settings: BeamlineSettings, condition: Condition, frame: int, seed: int = 3) -> Frame:
    return beamline(settings).shoot(seed, frame, condition)


def spots_of(frame: Frame) -> tuple[Spots, StrongPixels]:
    usable = [frame.image != MASKED]
    return find_spots([frame.image], usable, TRUSTED, SpotSettings(extended=False, gain=1.0))


def lattices_of(
    frame: Frame, settings: BeamlineSettings, crystal: KnownCrystal, max_lattices: int | None = 1
) -> list[IndexedLattice]:
    spots, _ = spots_of(frame)
    fast = FastSettings(index=IndexSettings(max_lattices=max_lattices))
    if len(spots) < fast.index.min_spots:
        return []
    return find_lattices(spots, detector_of(settings), crystal, fast)[0]


def scrambled(spots: Spots, settings: BeamlineSettings, seed: int) -> Spots:
    """The same spots at random azimuths about the beam."""
    centre = np.array([settings.detector.beam_fast_px, settings.detector.beam_slow_px])
    radius = np.linalg.norm(spots.xy_px - centre, axis=1)
    azimuth = 2.0 * np.pi * np.random.default_rng(seed).random(len(spots))
    moved = centre + radius[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    fields = {name: getattr(spots, name) for name in spots.__dataclass_fields__}
    return Spots(**{**fields, "xy_px": moved})
