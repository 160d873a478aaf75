"""The `dials` lane on real images gives what stock DIALS gives."""

from typing import Any

import msgspec
import pytest

from libs.crystallography import d_min_cctbx
from libs.diffraction.dials_lane import DialsLane
from libs.messages import FrameResult, Outcome, StagesUs, TimestampSource, TimingsMs, precedence
from tests.diffraction.conftest import TaskMaker, expected_images, real_image, real_recipe

pytestmark = pytest.mark.system
EXPECTED = [pytest.param(entry, id=entry["image"]) for _, entry in expected_images()]


def timeless(result: FrameResult) -> FrameResult:
    return msgspec.structs.replace(result, timings_ms=TimingsMs(), stages_us=StagesUs())


@pytest.mark.parametrize("entry", EXPECTED)
def test_the_same_as_stock_dials(
    entry: dict[str, Any], real_results: dict[str, FrameResult]
) -> None:
    result = real_results[entry["image"]]
    assert result.outcome is Outcome.PROCESSED
    assert result.n_strong == entry["n_strong"]
    assert len(result.lattices) == len(entry.get("lattices", []))
    for lattice, stock in zip(result.lattices, entry.get("lattices", []), strict=True):
        assert lattice.unit_cell == pytest.approx(stock["cell"], rel=0.001)
        assert lattice.n_indexed == pytest.approx(stock["n_indexed"], rel=0.02)
        assert lattice.n_integrated == stock["n_integrated"]
        assert lattice.space_group == stock["sg"]
        assert lattice.shells is not None
        _, n_positive, _, mean_positive = lattice.shells.columns()
        # cctbx's binner starts at the largest d of the cell: a reflection may change its shell
        counts, means = ([shell[i] for shell in stock["shells"]] for i in (2, 3))
        assert n_positive.tolist() == pytest.approx(counts, abs=2)
        assert mean_positive.tolist() == pytest.approx(means, rel=0.03)
        assert lattice.d_min_cctbx == pytest.approx(stock["resolution"], rel=0.001)
        assert lattice.d_min_cctbx == d_min_cctbx(lattice.shells)


def test_reasons_and_rings(real_results: dict[str, FrameResult]) -> None:
    blank, hit = (real_results[f"thau_3_2_{n}.cbf"] for n in ("0016", "0001"))
    assert "at least 16 are needed" in blank.reason
    assert not blank.indexing_tried
    assert hit.indexing_tried
    assert hit.reason == ""
    assert hit.solvent_ratio == pytest.approx(1.06, abs=0.02)
    assert hit.solvent_ratio_cctbx == pytest.approx(1.05, abs=0.02)
    assert hit.wavelength_angstrom == pytest.approx(0.96859)
    assert hit.ts_source is TimestampSource.FRAME


def test_a_frame_s_result_does_not_depend_on_frames_before_or_on_the_process(
    lane: DialsLane, task: TaskMaker, real_results: dict[str, FrameResult]
) -> None:
    image = "thau_3_2_0015.cbf"
    recipe = real_recipe("thaumatin_grid")
    work = task(real_image("thaumatin_grid", image), recipe)
    first = lane.process(work).result
    again = lane.process(work).result
    assert timeless(first) == timeless(again) == timeless(real_results[image])
    assert precedence(0, first) == precedence(0, again) == precedence(0, real_results[image])
