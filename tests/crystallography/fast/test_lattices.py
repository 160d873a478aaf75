"""Indexing of simulated frames with known truth: all crystal systems and centrings, hard cases."""

import numpy as np
import pytest

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.lattice import misorientation_deg
from libs.crystallography.fast.lattices import find_lattices
from libs.crystallography.fast.settings import FastSettings, IndexSettings
from libs.simulation import spoiled
from libs.simulation.conditions import Kind, condition_of
from libs.simulation.crystal import Crystal
from libs.simulation.settings import BeamlineSettings, DetectorSettings
from tests.crystallography.fast.simulated import (
    detector_of,
    known_crystal,
    lattices_of,
    scrambled,
    shoot,
    spots_of,
)

FORMS = (
    "triclinic", "myoglobin", "monoclinic_c", "pseudocubic", "glucose_isomerase", "lysozyme",
    "thaumatin", "insulin_rhombohedral", "thermolysin", "insulin_cubic", "ferritin",
)  # fmt: skip
ORIENTATION_DEG = 0.1
CELL = 0.003
INDISTINCT_STRAIN = 0.004
"""Crystals differ as much: two settings with metrics this close cannot be told apart."""


def error_deg(found: np.ndarray, true: Crystal, crystal: KnownCrystal) -> float:
    """Modulo the symmetry of the lattice, since spot positions show no more than that."""
    return misorientation_deg(found, true.a_matrix(), crystal.lattice_rotations(INDISTINCT_STRAIN))


def cell_error(found: tuple[float, ...], true: Crystal) -> float:
    return float(np.abs(np.array(found[:3]) / np.array(true.unit_cell[:3]) - 1.0).max())


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_indexed_as_it_was_simulated(name: str) -> None:
    settings, crystal = BeamlineSettings(sample=name), known_crystal(name)
    for number in range(3):
        frame = shoot(settings, condition_of(Kind.HIT), number)
        (lattice,) = lattices_of(frame, settings, crystal)
        (true,) = frame.shot.crystals
        assert error_deg(lattice.a_matrix, true, crystal) < ORIENTATION_DEG
        assert cell_error(lattice.unit_cell, true) < CELL


def test_a_cell_of_three_hundred_angstrom_is_indexed() -> None:
    settings = BeamlineSettings(sample="photosystem", detector=DetectorSettings(distance_mm=160.0))
    crystal = known_crystal("photosystem")
    for number in range(3):
        frame = shoot(settings, condition_of(Kind.HIT, 4.5), number)
        (lattice,) = lattices_of(frame, settings, crystal)
        assert error_deg(lattice.a_matrix, frame.shot.crystals[0], crystal) < ORIENTATION_DEG
        assert cell_error(lattice.unit_cell, frame.shot.crystals[0]) < CELL


def test_a_cell_of_twenty_angstrom_is_indexed_from_ten_spots_on() -> None:
    """It shows 2 to 15 spots on a frame."""
    settings, crystal = BeamlineSettings(sample="small_molecule"), known_crystal("small_molecule")
    n_indexed = 0
    for number in range(16):
        frame = shoot(settings, condition_of(Kind.HIT), number)
        enough = len(spots_of(frame)[0]) >= IndexSettings().min_spots
        lattices = lattices_of(frame, settings, crystal)
        assert len(lattices) == enough
        n_indexed += len(lattices)
        for lattice in lattices:
            assert error_deg(lattice.a_matrix, frame.shot.crystals[0], crystal) < 0.2
    assert n_indexed >= 6


@pytest.mark.parametrize("name", ["myoglobin", "pseudocubic"])
def test_axes_nearly_alike_are_told_apart_though_the_header_is_off(name: str) -> None:
    """Both lattices are nearly of higher symmetry; a pixel's error exchanged the axes."""
    settings, crystal = spoiled(name), known_crystal(name)
    for number in range(4):
        frame = shoot(settings, condition_of(Kind.HIT), number, 21)
        lattices = lattices_of(frame, settings, crystal)
        for lattice in lattices:
            assert error_deg(lattice.a_matrix, frame.shot.crystals[0], crystal) < 1.0


@pytest.mark.parametrize("name", ["insulin_rhombohedral", "monoclinic_c"])
def test_what_a_lattice_leaves_is_not_that_lattice_again(name: str) -> None:
    settings, crystal = spoiled(name), known_crystal(name)
    for number in range(4):
        frame = shoot(settings, condition_of(Kind.HIT), number, 5)
        assert len(lattices_of(frame, settings, crystal, max_lattices=4)) == 1


@pytest.mark.parametrize("factor", [0.97, 1.03])
@pytest.mark.parametrize("name", ["lysozyme", "monoclinic_c"])
def test_a_cell_three_per_cent_off_is_corrected_among_stray_spots(name: str, factor: float) -> None:
    settings = BeamlineSettings(sample=name, stray_fraction=0.3)
    crystal = known_crystal(name, factor)
    for number in range(3):
        frame = shoot(settings, condition_of(Kind.HIT), number)
        (lattice,) = lattices_of(frame, settings, crystal)
        assert cell_error(lattice.unit_cell, frame.shot.crystals[0]) < CELL


@pytest.mark.parametrize("name", ["triclinic", "lysozyme", "thermolysin"])
def test_both_of_two_lattices_are_found(name: str) -> None:
    settings, crystal = BeamlineSettings(sample=name), known_crystal(name)
    frame = shoot(settings, condition_of(Kind.TWO), 1)
    lattices = lattices_of(frame, settings, crystal, max_lattices=3)
    assert len(lattices) == 2
    for true in frame.shot.crystals:
        nearest = min(error_deg(found.a_matrix, true, crystal) for found in lattices)
        assert nearest < ORIENTATION_DEG
    assert not set(lattices[0].spots) & set(lattices[1].spots)


@pytest.mark.parametrize("name", ["triclinic", "lysozyme", "thermolysin"])
def test_all_of_three_lattices_are_found_and_no_more(name: str) -> None:
    """On a bad day; of thermolysin's 1,628 spots a quick search finds planes only."""
    settings, crystal = spoiled(name), known_crystal(name)
    frame = shoot(settings, condition_of(Kind.THREE), 1, 7)
    lattices = lattices_of(frame, settings, crystal, max_lattices=None)
    assert len(lattices) == 3
    for true in frame.shot.crystals:
        errors = [error_deg(found.true_beam.a_matrix, true, crystal) for found in lattices]
        assert min(errors) < ORIENTATION_DEG
    assert len(lattices_of(frame, settings, crystal, max_lattices=2)) == 2


def test_a_header_off_by_a_pixel_and_a_fifth_of_a_millimetre_is_borne() -> None:
    wrong = DetectorSettings(
        header_fast_error_px=1.0, header_slow_error_px=-0.7, header_distance_error_mm=0.2
    )
    settings, crystal = BeamlineSettings(detector=wrong), known_crystal("lysozyme")
    for number in range(5):
        frame = shoot(settings, condition_of(Kind.HIT), number)
        (lattice,) = lattices_of(frame, settings, crystal)
        turned = lattice.true_beam.a_matrix
        assert error_deg(turned, frame.shot.crystals[0], crystal) < ORIENTATION_DEG


@pytest.mark.parametrize(
    ("sample", "wrong"),
    [("lysozyme", "thermolysin"), ("thermolysin", "lysozyme"), ("pseudocubic", "monoclinic_c"),
     ("lysozyme", "thaumatin"), ("insulin_cubic", "glucose_isomerase")],
)  # fmt: skip
def test_a_wrong_cell_does_not_index(sample: str, wrong: str) -> None:
    settings = BeamlineSettings(sample=sample)
    for number in range(3):
        frame = shoot(settings, condition_of(Kind.HIT), number)
        assert lattices_of(frame, settings, known_crystal(wrong)) == []


def test_a_doubled_cell_does_not_index() -> None:
    settings = BeamlineSettings(sample="lysozyme")
    a, b, c = 79.1, 79.1, 76.0
    doubled = KnownCrystal(
        (a, b, c, 90.0, 90.0, 90.0), np.eye(3, dtype=int)[None], np.zeros((1, 3))
    )
    frame = shoot(settings, condition_of(Kind.HIT), 0)
    assert lattices_of(frame, settings, doubled) == []


@pytest.mark.parametrize("name", ["lysozyme", "myoglobin"])
@pytest.mark.parametrize("n_spots", [16, 25, 40])
def test_a_blank_with_noise_spots_does_not_index(name: str, n_spots: int) -> None:
    settings = BeamlineSettings(sample=name)
    spots, _ = spots_of(shoot(settings, condition_of(Kind.HIT), 0))
    spots = spots.select(np.arange(len(spots)))
    for seed in range(4):
        chosen = np.random.default_rng(seed).choice(len(spots), min(n_spots, len(spots)), False)
        noise = scrambled(spots.select(chosen), settings, seed)
        found, why = find_lattices(
            noise, detector_of(settings), known_crystal(name), FastSettings()
        )
        assert found == []
        assert "chance" in why


def test_spots_of_no_lattice_do_not_index() -> None:
    settings = BeamlineSettings()
    for number in range(5):
        frame = shoot(settings, condition_of(Kind.JUNK), number)
        assert lattices_of(frame, settings, known_crystal("lysozyme")) == []
