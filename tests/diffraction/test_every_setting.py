"""No setting is ignored in silence: it is honoured as by DIALS, has no effect, or is named."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from libs.diffraction.debian_gaps import prepare
from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.errors import RecipeError
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.fast_recipe import HONOURED, WITHOUT_EFFECT, unhonoured_settings
from libs.diffraction.recipe_phil import load_params
from libs.diffraction.tasks import FrameTask
from libs.messages import FrameResult, Recipe
from libs.simulation import Kind
from tests.diffraction.conftest import SimulatedRun, TaskMaker

pytestmark = pytest.mark.system
KNOWN = """
indexing.known_symmetry.space_group = P43212
indexing.known_symmetry.unit_cell = 79 79 38 90 90 90
"""
SPOT_LINES = (
    "filter.d_min = 3",
    "filter.d_max = 8",
    "filter.resolution_range = 3 4",
    "filter.ice_rings.filter = True",
    "filter.disable_parallax_correction = True",
    "filter.border = 100",
    "filter.untrusted { circle = 250 260 120 }",
    "filter.untrusted { rectangle = 0 250 0 500 }",
    "filter.untrusted { polygon = 0 0 500 100 400 500 10 300 }",
    "filter.untrusted { panel = 0 }",
    "filter.min_spot_size = 5",
    "filter.min_spot_size = Auto",
    "filter.max_spot_size = 12",
    "filter.max_separation = 0.5",
    "filter.max_strong_pixel_fraction = 0.0001",
    "threshold.algorithm = dispersion_extended",
    "threshold.dispersion.gain = 3",
    "threshold.dispersion.gain = None",
    "threshold.dispersion.kernel_size = 5 2",
    "threshold.dispersion.sigma_background = 2",
    "threshold.dispersion.sigma_strong = 6",
    "threshold.dispersion.min_local = 20",
    "threshold.dispersion.global_threshold = 10",
)
GEOMETRY_LINES = (
    "beam.wavelength = 1.31",
    "beam.direction = 0.001 0 1",
    "detector.distance = 76",
    "detector.fast_slow_beam_centre = 240 250",
    "detector.panel.trusted_range = 0 50",
    "detector.panel { gain = 4\n pedestal = -0.5 }",
)
"""With a resolution limit, so that geometry shows in the spots."""


@pytest.fixture(scope="module")
def fast_lane() -> Iterator[FastLane]:
    with closing(FastLane()) as made:
        yield made


def recipe(text: str) -> Recipe:
    return Recipe(phil=text, d_min_angstrom=2.0)


def test_every_setting_of_dials_is_known_or_named(tmp_path: Any) -> None:
    changed = [d for d in definitions() if not known(d.path) and other_value(d)]
    assert len(changed) > 200
    lines = "".join(f"{d.path} = {other_value(d)}\n" for d in changed)
    problems = unhonoured_settings(recipe(KNOWN + lines))
    assert [d.path for d in changed if d.path not in problems] == []


def test_what_is_said_to_be_known_exists() -> None:
    paths = [d.path for d in definitions()]
    for name in HONOURED + WITHOUT_EFFECT:
        assert any(p == name or (name.endswith(".") and p.startswith(name)) for p in paths), name


def definitions() -> list[Any]:
    prepare()
    from dials.command_line.stills_process import phil_scope

    return [d for d in phil_scope.all_definitions() if d.path not in NOT_IN_A_RECIPE]


NOT_IN_A_RECIPE = ("indexing.stills.known_orientations", "dispatch.find_spots")
"""Refused outright."""


def known(path: str) -> bool:
    names = HONOURED + WITHOUT_EFFECT
    return any(path == name or (name.endswith(".") and path.startswith(name)) for name in names)


def other_value(definition: Any) -> str:
    """A value of the definition's type that is not its default; empty for rare types."""
    kind = definition.object.type.phil_type
    default = definition.object.extract()
    if kind == "choice":
        return next((w for w in choices(definition) if not w.startswith("*")), "")
    others = {
        "bool": str(not default), "str": "other", "path": "other",
        "int": str(least(definition) + (3 if default != least(definition) + 3 else 4)),
        "float": str(least(definition) + 0.123),
        "ints": numbers(definition), "floats": numbers(definition), "strings": "one two",
        "unit_cell": "11 12 13 90 90 90", "space_group": "P1",
    }  # fmt: skip
    return others.get(kind, "")


def least(definition: Any) -> int | float:
    lowest: int | float | None = getattr(definition.object.type, "value_min", None)
    return lowest or 0


def numbers(definition: Any) -> str:
    wanted = definition.object.type
    return " ".join(str(number + 1) for number in range(getattr(wanted, "size_min", None) or 2))


def choices(definition: Any) -> list[str]:
    """The default has a star."""
    return [word.value for word in definition.object.words]


@pytest.mark.parametrize(
    "lines",
    [
        *(f"spotfinder.{line}" for line in SPOT_LINES),
        *(f"spotfinder.filter.d_min = 3.3\ninput.ignore_gain_mismatch = True\ngeometry.{line}"
          for line in GEOMETRY_LINES),
    ],
)  # fmt: skip
def test_spots_and_solvent_are_those_of_dials(
    lines: str, fast_lane: FastLane, lane: DialsLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    truth = next(t for t in simulated.frames if t.kind is Kind.HIT)
    text = f"{simulated.recipe.phil}\n{lines}\n"
    made = task(
        simulated.folder / truth.file, recipe(text), index=False, index_in_file=truth.index_in_file
    )
    ours, theirs = fast_lane.process(made).result, lane.process(made).result
    assert seen(ours) == seen(theirs)
    for name in ("ring_low", "ring_high", "solvent_ratio", "wavelength_angstrom"):
        wanted = getattr(theirs, name)  # None where there are too many strong pixels
        assert getattr(ours, name) == (wanted and pytest.approx(wanted, rel=1e-9))


def seen(result: FrameResult) -> tuple[object, ...]:
    reason = result.reason.lower()[:60]
    return result.outcome, result.n_strong, result.solvent_ratio_cctbx, reason


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("indexing.stills.indexer = sequences", "indexing.stills.indexer=sequences"),
        ("indexing.known_symmetry.relative_length_tolerance = 0.3",
         "indexing.known_symmetry.relative_length_tolerance=0.3"),
        ("indexing.known_symmetry.max_delta = 1", "indexing.known_symmetry.max_delta"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_honoured_are_named(line: str, named: str) -> None:
    assert unhonoured_settings(recipe(KNOWN + line)) == [named]


def test_without_spotfinding_there_is_nothing_to_do(tmp_path: Any) -> None:
    with pytest.raises(RecipeError, match=r"dispatch\.find_spots=False leaves nothing to do"):
        load_params(recipe("dispatch.find_spots = False"), tmp_path)


def test_a_recipe_that_changes_the_geometry_leaves_none_behind(
    fast_lane: FastLane, lane: DialsLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    """Frames of one HDF5 file share dxtbx's models."""
    file, plain = simulated.folder / simulated.frames[0].file, simulated.recipe
    changed = recipe(f"{plain.phil}\ngeometry.detector.panel.trusted_range = 0 20\n")
    for either in (fast_lane, lane):
        results = [
            either.process(task(file, used, index=False, index_in_file=1)).result.n_strong
            for used in (plain, changed, plain)
        ]
        assert results[0] == results[2] != results[1]


REFINED = "indexing.stills.refine_all_candidates = True\n"
"""DIALS looks at the rmsd of refined candidates only."""


def hit(simulated: SimulatedRun, task: TaskMaker, lines: str) -> FrameTask:
    truth = next(t for t in simulated.frames if t.kind is Kind.HIT)
    text = f"{simulated.recipe.phil}\n{lines}\n"
    file = simulated.folder / truth.file
    return task(file, recipe(text), index_in_file=truth.index_in_file)


def test_lattices_farther_from_their_spots_than_the_recipe_allows_are_none(
    fast_lane: FastLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    strict = hit(simulated, task, f"{REFINED} indexing.stills.rmsd_min_px = 0.02")
    assert fast_lane.process(strict).result.reason.startswith("not indexed: RMSD too high, 0.")
    assert fast_lane.process(hit(simulated, task, REFINED)).result.lattices


def test_with_too_many_spots_neither_lane_tries(
    fast_lane: FastLane, lane: DialsLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    made = hit(simulated, task, "dispatch.hit_finder.maximum_number_of_reflections = 20")
    ours, theirs = (either.process(made).result for either in (fast_lane, lane))
    assert ours.reason == theirs.reason
    assert "at most 20 are wanted" in ours.reason
    assert (ours.indexing_tried, theirs.indexing_tried) == (False, False)


def test_the_gain_of_the_detector_scales_variances(
    fast_lane: FastLane, simulated: SimulatedRun, task: TaskMaker
) -> None:
    lines = ("", "integration.summation.detector_gain = 4")
    plain, scaled = (fast_lane.process(hit(simulated, task, line)).reflections[0] for line in lines)
    assert plain.intensity == scaled.intensity
    ratio = np.frombuffer(scaled.sigma, "<f4") / np.frombuffer(plain.sigma, "<f4")
    assert np.allclose(ratio, 2.0)
