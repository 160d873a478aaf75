"""Radial profiles and spot distances, against numbers that one can count by hand."""

import numpy as np
import pytest

from libs.crystallography.panels import PanelGeometry
from libs.crystallography.profiles import (
    DISTANCE_STEP_PER_ANGSTROM,
    MAX_SPOTS,
    N_DISTANCES,
    TWO_THETA_STEP_DEG,
    mean_profile,
    profile_bins,
    radial_profile,
    reciprocal_positions,
    spot_distances,
)

PANEL = PanelGeometry(
    origin_mm=(-50.0, 50.0, -100.0),
    fast=(1.0, 0.0, 0.0),
    slow=(0.0, -1.0, 0.0),
    pixel_mm=(0.1, 0.1),
    shape=(1000, 1000),
    distance_mm=100.0,
    beam_centre_px=(500.0, 500.0),
)
BEAM = (0.0, 0.0, -1.0)


def test_a_profile_is_the_mean_of_usable_pixels_per_bin() -> None:
    angles = [np.array([[0.05, 0.1], [0.3, 0.5]])]
    image, usable = [np.array([[2, 4], [10, 7]])], [np.array([[True, True], [True, False]])]
    profile = radial_profile(image, profile_bins(angles), usable)
    assert profile[:2].tolist() == [3.0, 10.0]
    assert np.isnan(profile[2])
    assert len(profile) == 1 + int(0.5 / TWO_THETA_STEP_DEG)


def test_large_detectors_are_thinned_out_without_bias() -> None:
    angles = [np.full((2000, 1500), 0.1)]
    bins = profile_bins(angles)
    assert bins.pixels[0].size <= 1_000_000
    image = [np.full((2000, 1500), 5)]
    assert radial_profile(image, bins, [np.ones((2000, 1500), bool)])[0] == 5.0


def test_the_beam_centre_is_the_origin_of_reciprocal_space() -> None:
    q = reciprocal_positions([PANEL], BEAM, 1.0, np.array([0]), np.array([[500.0, 500.0]]))
    assert q == pytest.approx(np.zeros((1, 3)))


def test_a_spot_lies_on_the_ewald_sphere_at_its_resolution() -> None:
    q = reciprocal_positions([PANEL], BEAM, 1.3, np.array([0]), np.array([[800.0, 500.0]]))
    theta = 0.5 * np.arctan(30.0 / 100.0)
    assert np.linalg.norm(q) == pytest.approx(2 * np.sin(theta) / 1.3)


def test_a_lattice_shows_its_axis() -> None:
    axis = 0.0227
    q = np.array([[axis * k, 0.0, 0.0] for k in range(20)])
    counts = spot_distances(q)
    assert int(counts.argmax()) == int(axis / DISTANCE_STEP_PER_ANGSTROM)
    assert counts.shape == (N_DISTANCES,)


@pytest.mark.parametrize("n", [0, 1, 10 * MAX_SPOTS])
def test_any_number_of_spots_will_do(n: int) -> None:
    counts = spot_distances(np.zeros((n, 3)))
    assert counts[0] <= MAX_SPOTS * (MAX_SPOTS - 1) // 2
    assert (counts.sum() > 0) == (n > 1)


def test_the_mean_of_profiles_leaves_out_what_is_missing() -> None:
    profiles = [np.array([1.0, np.nan], "f4"), np.array([3.0, 5.0, 7.0], "f4")]
    assert mean_profile(profiles).tolist() == [2.0, 5.0, 7.0]
