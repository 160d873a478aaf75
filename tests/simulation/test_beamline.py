"""Images: the same every time, with the right noise, the right rings and the right photons."""

from dataclasses import replace

import numpy as np
import pytest

from libs.simulation import Beamline, BeamlineSettings, DetectorSettings, Kind
from libs.simulation.conditions import condition_of
from libs.simulation.models import FAST, PHOTONS, SLOW
from tests.simulation.conftest import QUICK

WATER_ANGSTROM, BACKGROUND_ANGSTROM = 3.29, 5.97


def solvent_ratio(beamline: Beamline, kind: Kind, frame: int) -> float:
    image = beamline.shoot(1, frame, condition_of(kind)).image
    d = 1 / beamline.detector.ring_q[beamline.detector.ring_of_pixel]
    water = image[abs(d - WATER_ANGSTROM) < 0.03].mean()
    return float(water / max(image[abs(d - BACKGROUND_ANGSTROM) < 0.1].mean(), 1e-9))


def test_same_seed_gives_the_same_bytes() -> None:
    condition = condition_of(Kind.TWO)
    images = [Beamline(QUICK).shoot(5, 17, condition).image.tobytes() for _ in range(2)]
    assert images[0] == images[1]


def test_a_frame_does_not_depend_on_those_before_it(beamline: Beamline) -> None:
    condition = condition_of(Kind.HIT)
    alone = beamline.shoot(5, 17, condition).image.tobytes()
    beamline.shoot(5, 16, condition_of(Kind.THREE))
    assert beamline.shoot(5, 17, condition).image.tobytes() == alone


@pytest.mark.parametrize(("seed", "frame"), [(6, 17), (5, 18)])
def test_other_seeds_and_frames_give_other_pixels(
    beamline: Beamline, seed: int, frame: int
) -> None:
    condition = condition_of(Kind.JET)
    first = beamline.shoot(5, 17, condition).image
    assert (beamline.shoot(seed, frame, condition).image != first).mean() > 0.3


def test_background_is_poisson(beamline: Beamline) -> None:
    shot = beamline.shoot(1, 0, condition_of(Kind.JET)).shot
    images = np.stack(
        [beamline.shoot(seed, 0, condition_of(Kind.JET)).image for seed in range(100, 130)]
    )
    assert shot.crystals == ()
    detector = beamline.detector
    level = np.bincount(detector.ring_of_pixel.ravel(), images.mean(0).ravel())
    spread = np.bincount(detector.ring_of_pixel.ravel(), images.var(0, ddof=1).ravel())
    counts = np.bincount(detector.ring_of_pixel.ravel())
    water = np.argmin(abs(1 / detector.ring_q - WATER_ANGSTROM))
    ring = slice(water - 5, water + 5)
    assert counts[ring].sum() > 5000
    # pulses and jets differ from seed to seed, which adds to the variance in the ring
    pulses = np.var([_ring_mean(image, beamline, water) for image in images], ddof=1)
    assert spread[ring].sum() / level[ring].sum() == pytest.approx(
        1 + pulses * counts[ring].sum() / level[ring].sum(), rel=0.03
    )


def _ring_mean(image: np.ndarray, beamline: Beamline, ring: int) -> float:
    rings = beamline.detector.ring_of_pixel
    return float(image[(rings >= ring - 5) & (rings < ring + 5)].mean())


@pytest.mark.parametrize("frame", range(5))
def test_the_water_ring_tells_the_jet(beamline: Beamline, frame: int) -> None:
    assert solvent_ratio(beamline, Kind.JET, frame) > 1.1
    assert solvent_ratio(beamline, Kind.HIT, frame) > 1.1
    assert solvent_ratio(beamline, Kind.NOJET, frame) < 0.9


def test_without_beam_there_is_next_to_nothing(beamline: Beamline) -> None:
    assert beamline.shoot(1, 0, condition_of(Kind.DARK)).image.sum() < 20


def test_spots_hold_the_photons_that_the_truth_expects(beamline: Beamline) -> None:
    """The same frame without its crystal has the same noise: the difference is the spots alone."""
    frame = beamline.shoot(3, 4, condition_of(Kind.HIT))
    empty = beamline.render(replace(frame.shot, crystals=()), seed=3)
    spots = np.pad(frame.image - empty.image, 5)
    (rows,) = frame.reflections
    expected = rows[:, PHOTONS]
    assert spots.sum() == pytest.approx(expected.sum(), rel=0.02)
    strong = rows[expected > 200]
    summed = np.array(
        [
            spots[int(s) : int(s) + 11, int(f) : int(f) + 11].sum()
            for f, s in strong[:, [FAST, SLOW]]
        ]
    )
    deviation = (summed - strong[:, PHOTONS]) / np.sqrt(strong[:, PHOTONS])
    assert len(strong) > 50
    assert abs(np.median(deviation)) < 0.5
    assert np.median(abs(deviation)) < 1.5


@pytest.mark.parametrize(
    ("kind", "n_lattices"),
    [(Kind.WEAK, 1), (Kind.HIT, 1), (Kind.TWO, 2), (Kind.THREE, 3), (Kind.JUNK, 0)],
)
def test_lattices_are_as_many_as_the_kind_says(
    beamline: Beamline, kind: Kind, n_lattices: int
) -> None:
    frame = beamline.shoot(1, 2, condition_of(kind))
    assert len(frame.shot.crystals) == len(frame.reflections) == n_lattices
    assert (len(frame.shot.stray_spots) > 0) == (kind is Kind.JUNK)


def test_masked_pixels_are_marked() -> None:
    settings = BeamlineSettings(detector=DetectorSettings(n_fast=200, n_slow=300, gap_rows=36))
    beamline = Beamline(settings)
    image = beamline.shoot(1, 0, condition_of(Kind.JET)).image
    assert (image[132:168] == -1).all()
    assert (image[:132] >= 0).all()
