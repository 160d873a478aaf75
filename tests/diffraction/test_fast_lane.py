"""The `fast` lane against stock DIALS: exact where it must be, close where it may differ."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_geometry import GeometryCache
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.fast_recipe import smallest_spot
from libs.diffraction.frame_pixels import PixelBuffer
from libs.diffraction.frame_reader import FrameReader
from libs.diffraction.memory_imageset import experiments_of
from libs.diffraction.raw_frame import RawFrame
from libs.messages import FrameNumber, Outcome, Recipe, ReflectionsIntegrated
from tests.diffraction.conftest import (
    SimulatedRun,
    TaskMaker,
    expected_images,
    real_image,
    real_recipe,
)

pytestmark = pytest.mark.system
EXPECTED = [pytest.param(folder, entry, id=entry["image"]) for folder, entry in expected_images()]
CSPAD = ("thermolysin_cspad", "idx-20130301060858401.cbf")
PILATUS = ("thaumatin_grid", "thau_3_2_0001.cbf")
"""One frame of each detector."""
CELL = 0.002


@pytest.fixture(scope="module")
def fast_lane() -> Iterator[FastLane]:
    made = FastLane()
    yield made
    made.close()


def read(folder: str, image: str) -> RawFrame:
    return FrameReader().read(str(real_image(folder, image)), 0)


def with_algorithm(recipe: Recipe, name: str) -> Recipe:
    phil = f"{recipe.phil}\nspotfinder.threshold.algorithm = {name}\n"
    return msgspec.structs.replace(recipe, phil=phil)


@pytest.mark.parametrize("algorithm", ["dispersion", "dispersion_extended"])
@pytest.mark.parametrize(("folder", "image"), [CSPAD, PILATUS])
def test_strong_pixels_and_spots_are_those_of_dials(
    fast_lane: FastLane, folder: str, image: str, algorithm: str
) -> None:
    from dials.algorithms.spot_finding.factory import SpotFinderFactory
    from dials.array_family import flex
    from dxtbx import flumpy

    from libs.crystallography.fast.spots import find_spots_flat
    from libs.diffraction.recipe_phil import frame_params

    recipe = with_algorithm(real_recipe(folder), algorithm)
    fast, frame = fast_lane.recipe(recipe), read(folder, image)
    geometry = GeometryCache().get(frame, frame.beam, frame.detector, fast, recipe)
    chosen = replace(fast.settings.spots, min_spot_size=smallest_spot(fast, frame.detector))
    layout, pixels = geometry.layout, PixelBuffer().fill(frame, geometry.layout)
    spots, _ = find_spots_flat(
        pixels, geometry.spot_mask, layout, geometry.trusted, chosen, geometry.strong
    )
    experiments, params = experiments_of(frame, "0"), frame_params(fast.params, index=True)
    threshold = SpotFinderFactory.configure_threshold(params)
    imageset = experiments[0].imageset
    panels = zip(imageset.get_corrected_data(0), imageset.get_mask(0), strict=True)
    expected = [flumpy.to_numpy(threshold.compute_threshold(i, m)) for i, m in panels]
    assert all(
        (a == b).all() for a, b in zip(layout.panels(geometry.strong), expected, strict=True)
    )
    table = flex.reflection_table.from_observations(experiments, params, is_stills=True)
    positions = np.array(table["xyzobs.px.value"]).reshape(-1, 3)[:, :2]
    assert np.allclose(spots.xy_px, positions, atol=1e-9, rtol=0)
    variances = np.array(table["xyzobs.px.variance"]).reshape(-1, 3)[:, :2]
    assert np.allclose(spots.variance_px2, variances, atol=1e-9, rtol=0)


@pytest.mark.parametrize(("folder", "image"), [CSPAD, PILATUS])
def test_predictions_are_those_of_dials(fast_lane: FastLane, folder: str, image: str) -> None:
    from dials.algorithms.spot_prediction import StillsReflectionPredictor
    from dxtbx.model import Crystal, Experiment, MosaicCrystalSauter2014

    from libs.crystallography.fast.mosaicity import Mosaicity
    from libs.crystallography.fast.predict import predict
    from libs.diffraction.fast_geometry import flat_detector

    frame, fast = read(folder, image), fast_lane.recipe(real_recipe(folder))
    rows = np.array([[80.0, 20.0, 5.0], [-12.0, 85.0, 9.0], [3.0, -14.0, 140.0]])
    model = MosaicCrystalSauter2014(Crystal(*map(tuple, rows), space_group=fast.space_group))
    model.set_half_mosaicity_deg(0.08)
    model.set_domain_size_ang(1500.0)
    experiment = Experiment(beam=frame.beam, detector=frame.detector, crystal=model)
    table = StillsReflectionPredictor(experiment, dmin=2.3).for_ub(model.get_A())
    found = predict(
        np.reshape(model.get_A(), (3, 3)),
        fast.crystal,
        Mosaicity(domain_angstrom=1500.0, half_width_rad=np.radians(0.08)),
        flat_detector(frame.beam, frame.detector),
        2.3,
    )
    assert len(found) > 300
    assert (found.miller == np.array(list(table["miller_index"]))).all()
    assert (found.panel == table["panel"].as_numpy_array()).all()
    positions = np.array(table["xyzcal.px"]).reshape(-1, 3)[:, :2]
    assert np.allclose(found.xy_px, positions, atol=1e-9, rtol=0)


@pytest.mark.parametrize(("folder", "entry"), EXPECTED)
def test_real_images_give_what_dials_gives(
    fast_lane: FastLane, task: TaskMaker, folder: str, entry: dict[str, Any]
) -> None:
    made = task(real_image(folder, entry["image"]), real_recipe(folder))
    result = fast_lane.process(made).result
    assert result.outcome is Outcome.PROCESSED
    assert result.n_strong == entry["n_strong"]
    assert bool(result.lattices) == entry["indexed"]
    if entry["indexed"]:
        (lattice,), expected = result.lattices, entry["lattices"][0]
        assert np.allclose(lattice.unit_cell, expected["cell"], rtol=CELL, atol=0)
        assert lattice.space_group.replace(" ", "") == expected["sg"].replace(" ", "")


@pytest.mark.parametrize(("folder", "image"), [CSPAD, PILATUS])
def test_both_lanes_agree_on_a_frame(
    fast_lane: FastLane, lane: DialsLane, task: TaskMaker, folder: str, image: str
) -> None:
    made = task(real_image(folder, image), real_recipe(folder))
    ours, theirs = fast_lane.process(made), lane.process(made)
    for name in (
        "ts_us",
        "n_strong",
        "solvent_ratio_cctbx",
        "ring_low",
        "ring_high",
        "solvent_ratio",
    ):
        assert getattr(ours.result, name) == pytest.approx(getattr(theirs.result, name))
    assert shell(ours.result.d_min_contiguous, 2.0) == pytest.approx(
        shell(theirs.result.d_min_contiguous, 2.0), abs=1.01
    )
    assert correlation(ours.reflections[0], theirs.reflections[0], fast_lane, made.recipe) > 0.95


def shell(d_min: float | None, trial: float) -> float:
    """The number of the shell that ends at a resolution limit."""
    return 0.0 if d_min is None else round(10.0 * (trial / d_min) ** 3)


def correlation(
    ours: ReflectionsIntegrated, theirs: ReflectionsIntegrated, lane: FastLane, recipe: Recipe
) -> float:
    """Of the intensities of common reflections, in the best of the equivalent settings."""
    expected = by_index(theirs, np.eye(3, dtype=int))
    best = (0, 0.0)
    for rotation in lane.recipe(recipe).crystal.point_group:
        found = by_index(ours, rotation)
        common = sorted(found.keys() & expected.keys())
        if len(common) > best[0]:
            pairs = np.array([(found[h], expected[h]) for h in common])
            best = (len(common), float(np.corrcoef(pairs.T)[0, 1]))
    assert best[0] > 0.7 * min(ours.n, theirs.n)
    return best[1]


def by_index(message: ReflectionsIntegrated, rotation: np.ndarray) -> dict[tuple[int, ...], float]:
    miller = np.frombuffer(message.miller_index, "<i2").reshape(-1, 3).astype(int) @ rotation
    return dict(zip(map(tuple, miller), np.frombuffer(message.intensity, "<f4"), strict=True))


def test_simulated_frames_are_indexed_as_they_are(
    fast_lane: FastLane, task: TaskMaker, simulated: SimulatedRun
) -> None:
    for truth in simulated.frames:
        made = task(
            simulated.folder / truth.file, simulated.recipe, index_in_file=truth.index_in_file
        )
        result = fast_lane.process(made).result
        enough = [lattice for lattice in truth.lattices if lattice.n_over_60 >= 25]
        assert len(result.lattices) >= min(len(enough), 1), truth.kind
        assert len(result.lattices) <= len(truth.lattices), truth.kind
        assert result.wavelength_angstrom == pytest.approx(truth.wavelength_angstrom, rel=1e-6)


def test_a_screened_frame_has_spots_and_solvent_only(fast_lane: FastLane, task: TaskMaker) -> None:
    made = task(real_image(*CSPAD), real_recipe(CSPAD[0]), index=False)
    result = fast_lane.process(made).result
    assert result.outcome is Outcome.SCREENED
    assert result.n_strong == 176
    assert result.solvent_ratio is not None
    assert not result.indexing_tried
    assert result.lattices == ()


def test_a_missing_file_is_a_result(fast_lane: FastLane, task: TaskMaker) -> None:
    reply = fast_lane.process(task("no_such.cbf", real_recipe(CSPAD[0])))
    assert reply.result.outcome is Outcome.UNREADABLE


def test_one_frame_in_sixteen_brings_the_pictures_of_the_dials_lane(
    fast_lane: FastLane, lane: DialsLane, task: TaskMaker
) -> None:
    number = FrameNumber(15)
    screened = task(real_image(*CSPAD), real_recipe(CSPAD[0]), index=False, frame=number)
    ours, theirs = fast_lane.process(screened).pictures, lane.process(screened).pictures
    assert ours is not None
    assert theirs is not None
    assert ours.spot_distances == theirs.spot_distances
    profile, expected = (np.frombuffer(p.radial_mean, "<f4") for p in (ours, theirs))
    assert np.allclose(profile, expected, equal_nan=True)
    other = msgspec.structs.replace(screened, frame=FrameNumber(16))
    assert fast_lane.process(other).pictures is None
