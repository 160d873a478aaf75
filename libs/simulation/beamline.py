"""The beamline: turns conditions into images, with the truth about every lattice.

Holds tables and buffers only; an image depends on nothing but settings, seed, frame and condition.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.simulation.background import Background
from libs.simulation.conditions import Condition
from libs.simulation.crystal import Crystal
from libs.simulation.detector import Detector, build_detector
from libs.simulation.lattice_kernel import predict_lattice
from libs.simulation.models import COLUMNS, FAST, SLOW, BeamModel
from libs.simulation.noise_kernel import (
    LARGEST_MEAN,
    OUTCOMES,
    add_background,
    fill_alias_tables,
)
from libs.simulation.settings import BeamlineSettings
from libs.simulation.shot import Shot, draw_shot
from libs.simulation.spot_kernel import add_stray_spots, paint_spots
from libs.simulation.structure_factors import intensity_table
from libs.simulation.symmetry import FloatArray, find_sample

MASKED = -1
HOT_COUNTS = 900

_MOST_REFLECTIONS = 20_000
_TABLE_MARGIN = 0.985  # cells vary, so the table reaches a little beyond the detector's corner


@dataclass(frozen=True, kw_only=True)
class Frame:
    """`reflections` has one array per lattice, its columns named by models.COLUMNS."""

    shot: Shot
    image: NDArray[np.int32]
    reflections: tuple[FloatArray, ...]


class Beamline:
    """Not for two threads at once: the buffers are shared between calls."""

    def __init__(self, settings: BeamlineSettings | None = None) -> None:
        self.settings = settings = settings or BeamlineSettings()
        self.sample = find_sample(settings.sample)
        self.detector: Detector = build_detector(
            settings.detector, settings.beam.wavelength_angstrom
        )
        self._background = Background(
            self.detector, settings.detector.dark_photons_per_px, settings.ice.ring_photons
        )
        self._table = intensity_table(
            self.sample, self.detector.d_min_angstrom * _TABLE_MARGIN, settings.structure_seed
        )
        self._alias = np.zeros((len(self.detector.ring_q), OUTCOMES), np.uint32)
        self._rows = np.zeros((_MOST_REFLECTIONS, len(COLUMNS)))

    def shoot(self, seed: int, frame: int, condition: Condition) -> Frame:
        """Draw and render one frame, int32, masked pixels at -1."""
        return self.render(draw_shot(self.settings, self.sample, seed, frame, condition), seed)

    def render(self, shot: Shot, seed: int) -> Frame:
        image = np.zeros(self.detector.shape, np.int32)
        noise = _noise_seed(seed, shot.frame)
        self._add_background(image, shot, noise)
        reflections = tuple(
            self._add_crystal(image, crystal, shot, noise + number)
            for number, crystal in enumerate(shot.crystals)
        )
        if len(shot.stray_spots):
            sigma_px = self.settings.detector.spot_sigma_px
            add_stray_spots(image, self._stray_px(shot), sigma_px, (noise + 99) % 2**32)
        image.ravel()[self.detector.hot] += HOT_COUNTS
        image[self.detector.mask > 0] = MASKED
        return Frame(shot=shot, image=image, reflections=reflections)

    def _add_background(self, image: NDArray[np.int32], shot: Shot, noise: int) -> None:
        expected = self._background.expected(shot.pulse, shot.jet_thickness)
        repeats = math.ceil(expected.max() / LARGEST_MEAN)
        fill_alias_tables(expected / repeats, self._alias)
        for repeat in range(repeats):
            state = np.uint64((noise + repeat * 0x51ED270B) % 2**64)
            add_background(image, self.detector.ring_of_pixel, self._alias, state)  # type: ignore[arg-type]

    def _add_crystal(
        self, image: NDArray[np.int32], crystal: Crystal, shot: Shot, noise: int
    ) -> FloatArray:
        settings = self.settings
        beam = BeamModel(
            radius=1 / shot.wavelength_angstrom,
            bandwidth=settings.beam.bandwidth,
            spot_sigma_px=settings.detector.spot_sigma_px,
        )
        size = self.detector.shape[::-1]
        q_max = 1 / self.detector.d_min_angstrom
        model = crystal.model(shot.pulse)
        panel = self.detector.panel
        n = predict_lattice(
            crystal.a_matrix(), self._table.values, self._table.limits, q_max, size,
            panel, beam, model, self._rows,
        )  # fmt: skip
        rows = self._rows[:n].copy()
        paint_spots(image, rows, panel, beam, model.mosaicity_rad, noise % 2**32)
        return self._inside(rows)

    def _inside(self, rows: FloatArray) -> FloatArray:
        slow_size, fast_size = self.detector.shape
        fast, slow = rows[:, FAST], rows[:, SLOW]
        inside = (fast >= 0) & (fast < fast_size) & (slow >= 0) & (slow < slow_size)
        on_detector: FloatArray = rows[inside]
        return on_detector

    def _stray_px(self, shot: Shot) -> FloatArray:
        """Rows fast, slow, photons."""
        detector = self.settings.detector
        tan_two_theta, azimuth, photons = shot.stray_spots.T
        radius = tan_two_theta * detector.distance_mm / detector.pixel_mm
        fast = detector.beam_fast_px + radius * np.cos(azimuth)
        slow = detector.beam_slow_px + radius * np.sin(azimuth)
        return np.stack([fast, slow, photons], axis=1)


def _noise_seed(seed: int, frame: int) -> int:
    return ((seed * 1000003 + frame * 7919) * 2654435761 + 12345) % 2**63
