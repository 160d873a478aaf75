"""Bragg's law and shells of equal reciprocal volume."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.crystallography import d_angstrom, shell_edges, shell_numbers, two_theta_deg


def test_solvent_defaults_of_the_tutorial_belong_to_its_wavelength() -> None:
    assert two_theta_deg(3.29, 1.3) == pytest.approx(22.8, abs=0.02)
    assert two_theta_deg(5.97, 1.3) == pytest.approx(12.5, abs=0.02)


@settings(deadline=None)
@given(st.floats(0.7, 100.0), st.floats(0.1, 1.39))
def test_bragg_there_and_back(d: float, wavelength: float) -> None:
    assert d_angstrom(two_theta_deg(d, wavelength), wavelength) == pytest.approx(d, rel=1e-9)


def test_spacing_below_half_the_wavelength_has_no_angle() -> None:
    with pytest.raises(ValueError, match="cannot be observed"):
        two_theta_deg(0.4, 1.0)


@settings(deadline=None)
@given(st.floats(0.5, 20.0))
def test_shells_have_equal_reciprocal_volume(d_min: float) -> None:
    volumes = np.diff(np.concatenate([[0.0], shell_edges(d_min) ** -3.0]))
    assert np.allclose(volumes, volumes[0], rtol=1e-9)
    assert shell_edges(d_min)[-1] == d_min


def test_an_edge_belongs_to_the_shell_that_it_closes() -> None:
    edges = shell_edges(2.0)
    assert shell_numbers(edges, 2.0).tolist() == list(range(10))
    assert shell_numbers([1000.0, 1.999], 2.0).tolist() == [0, 10]
