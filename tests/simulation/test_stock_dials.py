"""The finished files as dxtbx and stock DIALS see them: geometry, lattices, and no false ones."""

from pathlib import Path

import numpy as np
import pytest

from libs.diffraction import debian_gaps
from libs.simulation import (
    BeamlineSettings,
    DetectorSettings,
    FrameTruth,
    Kind,
    Plan,
    RunRequest,
    read_frame_truths,
    simulate_run,
)
from libs.simulation.detector import build_detector
from libs.simulation.lattice_kernel import to_pixel
from libs.simulation.symmetry import find_sample
from tests.simulation.conftest import QUICK

pytestmark = pytest.mark.system

HITS, OTHERS = 10, (Kind.JET, Kind.NOJET, Kind.DARK, Kind.JUNK, Kind.JET)
GAPPED = BeamlineSettings(detector=DetectorSettings(gap_rows=36))


def write(folder: Path, kinds: tuple[Kind, ...], settings: BeamlineSettings = QUICK) -> Path:
    request = RunRequest(
        out=folder, scenario=Plan(kinds=kinds), frames=len(kinds), seed=3, beamline=settings
    )
    simulate_run(request)
    return folder / "r0001"


@pytest.mark.parametrize("settings", [QUICK, GAPPED], ids=["quick", "full"])
def test_dxtbx_has_the_simulations_geometry(tmp_path: Path, settings: BeamlineSettings) -> None:
    debian_gaps.prepare()
    from dxtbx.model.experiment_list import ExperimentListFactory

    run = write(tmp_path, (Kind.JET, Kind.HIT), settings)
    experiments = ExperimentListFactory.from_filenames([str(run / "shot_00001.h5")])
    assert len(experiments) == 2
    (panel,) = experiments[0].detector
    ours = build_detector(settings.detector, settings.beam.wavelength_angstrom)
    size_mm = settings.detector.n_fast * settings.detector.pixel_mm
    for x_mm, y_mm in np.random.default_rng(1).uniform(1, size_mm - 1, (200, 2)):
        expected = panel.millimeter_to_pixel((x_mm, y_mm))
        assert to_pixel(x_mm, y_mm, ours.panel) == pytest.approx(expected, abs=1e-5)
        across, down = x_mm - ours.panel.beam_x_mm, ours.panel.beam_y_mm - y_mm
        in_lab = panel.get_lab_coord((x_mm, y_mm))
        assert in_lab == pytest.approx((across, down, -ours.panel.distance_mm), abs=1e-6)
    masked = experiments[0].imageset.get_mask(0)[0].count(False)
    assert masked == ours.mask.sum()


def test_stock_dials_finds_the_lattices_and_no_others(tmp_path: Path) -> None:
    from tests.simulation.stock_dials import StockDials, misorientation_deg

    run = write(tmp_path, (Kind.HIT,) * HITS + OTHERS)
    sample = find_sample("lysozyme")
    dials = StockDials(run / "shot_00001.h5", sample)
    right = 0
    for truth in read_frame_truths(run):
        found = dials.process(truth.index_in_file, tmp_path).a_matrices
        if truth.kind is Kind.HIT:
            angles = [misorientation_deg(a, true_setting(truth), sample) for a in found]
            right += len(angles) == 1 and angles[0] < 0.5
        else:
            assert found == []
    assert right >= 0.9 * HITS


def true_setting(truth: FrameTruth) -> np.ndarray:
    return np.reshape(truth.lattices[0].a_matrix, (3, 3))
