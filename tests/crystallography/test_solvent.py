"""The solvent rings in both definitions, against plain recomputations."""

import math

import numpy as np
import pytest

from libs.crystallography import (
    PanelGeometry,
    RadialBins,
    all_angles,
    cctbx_ring,
    mean_in_ring,
    mean_positive_in_ring,
    pixel_two_theta_deg,
    solvent_ratio,
    wide_ring,
)

BEAM = (0.0, 0.0, -1.0)
PANEL = PanelGeometry(
    origin_mm=(-10.3, 9.7, -50.0),
    fast=(1.0, 0.0, 0.0),
    slow=(0.0, -1.0, 0.0),
    pixel_mm=(0.2, 0.2),
    shape=(90, 110),
    distance_mm=50.0,
    beam_centre_px=(51.5, 48.5),
)


def test_two_theta_of_each_pixel_centre() -> None:
    angles = pixel_two_theta_deg(PANEL, BEAM)
    x, y = -10.3 + 30.5 * 0.2, 9.7 - 12.5 * 0.2
    assert angles.shape == (90, 110)
    assert angles[12, 30] == pytest.approx(math.degrees(math.atan(math.hypot(x, y) / 50.0)))


def test_our_ring_is_five_pixels_wide() -> None:
    (pixels,) = wide_ring([PANEL], all_angles([PANEL], BEAM), 8.0)
    radius = 50.0 * math.tan(math.radians(8.0)) / 0.2
    slow, fast = np.divmod(pixels, 110)
    distance = np.hypot(fast + 0.5 - 51.5, slow + 0.5 - 48.5)
    assert distance.min() > radius - 2.7
    assert distance.max() < radius + 2.7
    assert len(pixels) == pytest.approx(2 * math.pi * radius * 5, rel=0.1)


def test_our_mean_counts_zeros_and_leaves_masked_pixels_out() -> None:
    image = np.array([[0, 4, 8, 1000]])
    usable = np.array([[True, True, True, False]])
    assert mean_in_ring([image], (np.array([0, 1, 2, 3]),), [usable]) == 4.0


def test_our_mean_of_a_masked_ring_is_unknown() -> None:
    image = np.ones((2, 2))
    assert mean_in_ring([image], (np.array([0, 1]),), [np.zeros((2, 2), bool)]) is None


def test_cctbx_mean_takes_positive_pixels_only() -> None:
    image = np.array([[0, 4, -3, 8]])
    assert mean_positive_in_ring([image], (np.array([0, 1, 2, 3]),)) == 6.0
    assert mean_positive_in_ring([image], (np.array([0, 2]),)) == 0.0


def test_cctbx_ring_equals_a_plain_loop() -> None:
    bins = RadialBins(n=72, extent_deg=math.degrees(math.atan(72 * 0.2 / 50.0)))
    wanted, expected = bins.nearest(9.1), []
    for slow in range(90):
        for fast in range(110):
            mm = math.sqrt((slow - round(48.5)) ** 2.0 + (fast - round(51.5)) ** 2.0) * 0.2
            angle = math.degrees(math.atan(mm / 50.0))
            extent = math.degrees(math.atan(72 * 0.2 / 50.0))
            if math.floor(angle * 72 / extent) == wanted:
                expected.append(slow * 110 + fast)
    (pixels,) = cctbx_ring([PANEL], bins, 9.1)
    assert pixels.tolist() == expected


def test_nearest_bin_is_by_lower_edge() -> None:
    bins = RadialBins(n=10, extent_deg=20.0)
    assert bins.nearest(4.9) == 2
    assert bins.nearest(5.0) == 2
    assert bins.nearest(5.1) == 3


@pytest.mark.parametrize(
    ("high", "low", "ratio"),
    [(6.0, 3.0, 2.0), (None, 3.0, None), (6.0, None, None), (6.0, 0.0, None), (6.0, -1.0, None)],
)
def test_ratio(high: float | None, low: float | None, ratio: float | None) -> None:
    assert solvent_ratio(high, low) == ratio
