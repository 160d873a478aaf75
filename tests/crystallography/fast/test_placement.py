"""Where the detector stands: found with the crystal on each frame, whatever the header says."""

import numpy as np
import pytest

from libs.crystallography.fast.detector import FlatDetector
from libs.crystallography.fast.lattice import misorientation_deg
from libs.crystallography.fast.lattices import IndexedLattice
from libs.crystallography.fast.placement import learned_placement, near_header
from libs.crystallography.fast.still_kernel import residuals
from libs.simulation import Frame, spoiled
from libs.simulation.conditions import Kind, condition_of
from libs.simulation.settings import BeamlineSettings
from tests.crystallography.fast.simulated import (
    detector_of,
    known_crystal,
    lattices_of,
    shoot,
)

FORMS = ("triclinic", "monoclinic_c", "lysozyme", "thermolysin")


@pytest.fixture(scope="module", params=FORMS)
def spoiled_frames(request: pytest.FixtureRequest) -> list[tuple[str, Frame, IndexedLattice]]:
    """Three of a form, with what was found."""
    settings, crystal = spoiled(request.param), known_crystal(request.param)
    frames = [shoot(settings, condition_of(Kind.HIT), number) for number in range(3)]
    found = [(frame, lattices_of(frame, settings, crystal)) for frame in frames]
    return [(request.param, frame, lattice) for frame, (lattice,) in found]


def test_the_orientation_is_right_though_the_header_is_off(
    spoiled_frames: list[tuple[str, Frame, IndexedLattice]],
) -> None:
    for name, frame, lattice in spoiled_frames:
        rotations = known_crystal(name).lattice_rotations(0.004)
        (true,) = frame.shot.crystals
        found = lattice.true_beam.a_matrix
        assert misorientation_deg(found, true.a_matrix(), rotations) < 0.1


def test_the_cell_stays_that_of_the_headers_geometry(
    spoiled_frames: list[tuple[str, Frame, IndexedLattice]],
) -> None:
    for _, _, lattice in spoiled_frames:
        turned, refined = lattice.true_beam.a_matrix, lattice.a_matrix
        assert np.allclose(turned.T @ turned, refined.T @ refined, rtol=1e-9, atol=1e-15)
        assert np.linalg.det(turned) * np.linalg.det(refined) > 0


def test_the_detector_is_found_where_it_stands(
    spoiled_frames: list[tuple[str, Frame, IndexedLattice]],
) -> None:
    for name, _, lattice in spoiled_frames:
        d = spoiled(name).detector
        header = detector_of(spoiled(name))
        moved = header.moved(lattice.true_beam.placement.shift_mm)
        true_mm = np.array([-d.beam_fast_px, d.beam_slow_px]) * d.pixel_mm
        assert np.abs(moved.origin_mm[0, :2] - true_mm).max() < 0.2 * d.pixel_mm
        assert moved.origin_mm[0, 2] == header.origin_mm[0, 2]


def test_a_second_lattice_knows_what_the_first_one_showed() -> None:
    settings, crystal = spoiled("lysozyme"), known_crystal("lysozyme")
    lattices = lattices_of(shoot(settings, condition_of(Kind.TWO), 1), settings, crystal, 2)
    first, second = (one.true_beam.placement for one in lattices)
    assert (np.linalg.eigvalsh(second.precision - first.precision) > 0.0).all()
    assert np.abs(second.shift_mm - first.shift_mm).max() < 0.01


def test_a_frame_says_the_same_whatever_came_before() -> None:
    settings, crystal = BeamlineSettings(), known_crystal("lysozyme")
    frames = [shoot(settings, condition_of(Kind.HIT), number) for number in range(2)]

    def matrix(frame: Frame) -> np.ndarray:
        return lattices_of(frame, settings, crystal)[0].true_beam.a_matrix

    there = [matrix(frame) for frame in frames]
    back = [matrix(frame) for frame in reversed(frames)]
    assert np.array_equal(there, back[::-1])


def test_shifted_positions_are_those_on_the_moved_detector() -> None:
    """Of tilted panels, at an angle with the beam."""
    detector, rng = tilted_detector(), np.random.default_rng(5)
    miller = rng.integers(-9, 10, (40, 3)).astype(float)
    miller = miller[(miller[:, 2] < 0) & (np.abs(miller[:, :2]) > 0).any(axis=1)]
    panel = rng.integers(0, 2, len(miller))
    a_matrix, nowhere = 0.011 * np.eye(3), np.zeros((len(miller), 2))
    shift = np.array([0.3, -0.2])
    moved = detector.moved(shift)
    one, _ = residuals(a_matrix, miller, panel, nowhere, detector.projections, detector.s0,
                       detector.moves, shift)  # fmt: skip
    other, _ = residuals(a_matrix, miller, panel, nowhere, moved.projections, moved.s0,
                         moved.moves, np.zeros(2))  # fmt: skip
    assert len(one) > 10
    assert np.allclose(one, other, atol=1e-9)
    assert np.abs(moved.origin_mm @ detector.s0 - detector.origin_mm @ detector.s0).max() < 1e-12


def test_a_fit_that_shows_nothing_of_the_shift_leaves_the_belief() -> None:
    belief = near_header(tilted_detector())
    normal = np.diag([5.0, 7.0, 0.0, 0.0])
    normal[2:, 2:] = belief.precision
    learned = learned_placement(belief.shift_mm, normal)
    assert np.array_equal(learned.precision, belief.precision)


def tilted_detector() -> FlatDetector:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)) * 0.1 + np.eye(3))
    turn *= np.sign(np.diag(turn))
    return FlatDetector(
        origin_mm=np.array([[-40.0, 41.0, -75.0], [1.0, 43.0, -77.0]]),
        fast=np.array([[1.0, 0.0, 0.0], turn[:, 0]]),
        slow=np.array([[0.0, -1.0, 0.0], -turn[:, 1]]),
        pixel_mm=np.full((2, 2), 0.075),
        shape_px=np.array([[500, 1000]] * 2),
        absorption=np.zeros((2, 2)),
        s0=np.array([0.02, -0.01, -0.77]),
    )
