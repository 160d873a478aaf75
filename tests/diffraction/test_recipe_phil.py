"""Recipes: real PHIL, real DIALS."""

from pathlib import Path

import pytest

from libs.diffraction import RecipeError
from libs.diffraction.loaded_recipe import LoadedRecipes
from libs.diffraction.recipe_phil import (
    OUTPUTS,
    complete_recipe,
    frame_params,
    load_params,
    overrides_geometry,
)
from libs.messages import Recipe

pytestmark = pytest.mark.system


def recipe(phil: str) -> Recipe:
    return Recipe(phil=phil, d_min_angstrom=2.0)


@pytest.mark.parametrize(
    ("phil", "words"),
    [
        ("spotfinder.filter.baz = 3", r"unknown parameter spotfinder\.filter\.baz \(line 1\)"),
        ("\nspotfinder {\n  filter {\n   x = 1 }\n}", r"spotfinder\.filter\.x \(line 4\)"),
        ("a = 1\nb = 2", r"unknown parameter a \(line 1\); unknown parameter b \(line 2\)"),
        ("spotfinder.filter.min_spot_size = few", r"min_spot_size.*line 1"),
        ("spotfinder {\n filter.min_spot_size = 3\n", "no matching"),
        ("indexing.method = guess", "indexing.method"),
        ("indexing.known_symmetry.space_group = P99", "P99"),
        ("indexing.stills.known_orientations = x.expt", "not supported"),
        ("spotfinder.lookup.mask = /no/such/mask", "/no/such/mask"),
        ("\x00\x01", "cannot be read"),
    ],
)
def test_a_bad_recipe_says_what_and_where(phil: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        complete_recipe(recipe(phil))


def test_a_cell_that_its_space_group_forbids_is_refused() -> None:
    """DIALS would say so on each frame, the fast lane would index with a cell that nobody gave."""
    text = "indexing.known_symmetry.unit_cell = {}\nindexing.known_symmetry.space_group = {}\n"
    with pytest.raises(RecipeError, match="79 38 79 90 90 90 cannot have the space group P 43 21"):
        complete_recipe(recipe(text.format("79 38 79 90 90 90", "P43212")))
    complete_recipe(recipe(text.format("79 79.4 38 90 90 90", "P43212")))
    complete_recipe(recipe(text.format("82.5 82.5 34 90 90 120", "R3:H")))


def test_nothing_is_written_whatever_the_text_says(tmp_path: Path) -> None:
    text = "output.integrated_filename = %s_x.refl\noutput.composite_output = True"
    params = load_params(recipe(text), tmp_path)
    assert all(getattr(params.output, name) is None for name in OUTPUTS)
    assert not params.output.composite_output


def test_the_hit_finder_s_limit_comes_from_the_text_or_stays() -> None:
    text = "dispatch.hit_finder.minimum_number_of_reflections = 9"
    assert complete_recipe(recipe(text)).min_spots_to_index == 9
    assert complete_recipe(recipe("")).min_spots_to_index == 16
    assert complete_recipe(recipe("dispatch.hit_finder.enable = False")).min_spots_to_index == 0


def test_files_are_part_of_the_recipe_by_content(tmp_path: Path) -> None:
    mask = tmp_path / "mask"
    mask.write_bytes(b"one")
    first = complete_recipe(recipe(f"spotfinder.lookup.mask = {mask}"))
    (named,) = first.files
    assert named.parameter == "spotfinder.lookup.mask"
    mask.write_bytes(b"two")
    assert complete_recipe(recipe(first.phil)).hash != first.hash
    with pytest.raises(RecipeError, match="has changed"):
        LoadedRecipes(tmp_path).get(first)


def test_a_frame_s_parameters_are_its_own(tmp_path: Path) -> None:
    params = load_params(recipe(""), tmp_path)
    own = frame_params(params, index=False)
    own.spotfinder.filter.min_spot_size = 99
    assert params.dispatch.index
    assert not own.dispatch.index
    assert params.spotfinder.filter.min_spot_size != 99


def test_geometry_is_overridden_only_where_asked(tmp_path: Path) -> None:
    assert not overrides_geometry(load_params(recipe(""), tmp_path))
    changed = load_params(recipe("geometry.detector.distance = 99"), tmp_path)
    assert overrides_geometry(changed)
