"""Which recipes the fast lane takes, and what it says of the others."""

import pytest

from libs.diffraction.errors import RecipeError
from libs.diffraction.fast_lane import FastLane
from libs.diffraction.fast_recipe import unhonoured_settings
from libs.messages import Recipe

pytestmark = pytest.mark.system
KNOWN = """
indexing.known_symmetry.space_group = P43212
indexing.known_symmetry.unit_cell = 79 79 38 90 90 90
"""


def recipe(text: str) -> Recipe:
    return Recipe(phil=text, d_min_angstrom=2.0)


def test_a_known_cell_is_enough() -> None:
    assert unhonoured_settings(recipe(KNOWN)) == []


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("spotfinder.threshold.algorithm = radial_profile", "threshold.algorithm=radial_profile"),
        ("spotfinder.filter.spot_density.filter = True", "spotfinder.filter.spot_density.filter"),
        ("profile.algorithm = ellipsoid", "profile.algorithm"),
        ("integration.background.algorithm = glm", "integration.background.algorithm"),
        ("significance_filter.enable = True", "significance_filter.enable"),
        ("spotfinder.threshold.dispersion.global_threshold = Auto", "global_threshold=Auto"),
    ],
)
def test_what_cannot_be_honoured_is_named(line: str, named: str) -> None:
    problems = unhonoured_settings(recipe(KNOWN + line))
    assert any(named in problem for problem in problems)


def test_an_unknown_cell_is_refused_in_words() -> None:
    lane = FastLane()
    with pytest.raises(RecipeError, match=r"unit_cell \(not given\)"):
        lane.recipe(recipe("indexing.known_symmetry.space_group = P1"))
    lane.close()


def test_settings_arrive() -> None:
    lane = FastLane()
    text = (
        KNOWN
        + """
spotfinder.threshold.algorithm = dispersion
spotfinder.threshold.dispersion { gain = 25
  kernel_size = 4 5
  global_threshold = 100
}
spotfinder.filter.min_spot_size = 2
indexing.multiple_lattice_search.max_lattices = 3
indexing.refinement_protocol.d_min_start = 1.7
prediction.d_min = 2.5
"""
    )
    fast = lane.recipe(recipe(text))
    lane.close()
    spots, index = fast.settings.spots, fast.settings.index
    assert (spots.extended, spots.gain, spots.kernel_size) == (False, 25.0, (4, 5))
    assert (spots.global_threshold, fast.min_spot_size) == (100.0, 2)
    assert (index.max_lattices, index.d_min_angstrom) == (3, 1.7)
    assert fast.settings.integration.d_min_angstrom == 2.5


@pytest.mark.parametrize(("given", "most"), [("None", None), ("0", 0), ("4", 4)])
def test_the_recipe_says_how_many_lattices(given: str, most: int | None) -> None:
    lane = FastLane()
    fast = lane.recipe(recipe(f"{KNOWN}indexing.multiple_lattice_search.max_lattices={given}"))
    lane.close()
    assert fast.settings.index.max_lattices == most
