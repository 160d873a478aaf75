import hashlib
from pathlib import Path

import msgspec
import pytest

from libs.catalogue import RecipeError, recipe_of
from tests.catalogue.builders import GROUP, TRIAL


def test_trial_and_group_together_make_a_recipe(tmp_path: Path) -> None:
    mask = tmp_path / "mask.pickle"
    mask.write_bytes(b"mask")
    group = msgspec.structs.replace(GROUP, mask_path=str(mask), solvent_high_two_theta_deg=22.8)
    recipe = recipe_of(TRIAL, group)
    assert recipe.phil.startswith("indexing.x = 1\n")
    assert f'spotfinder.lookup.mask = "{mask}"' in recipe.phil
    assert {f.sha256 for f in recipe.files} == {hashlib.sha256(b"mask").hexdigest()}
    assert recipe.solvent_high_two_theta_deg == 22.8
    assert recipe.cutoffs.hit == 40


def test_other_bytes_in_a_file_give_another_hash(tmp_path: Path) -> None:
    geometry = tmp_path / "g.expt"
    group = msgspec.structs.replace(GROUP, geometry_path=str(geometry))
    geometry.write_text("one")
    first = recipe_of(TRIAL, group).hash
    geometry.write_text("two")
    assert recipe_of(TRIAL, group).hash != first


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    trial = msgspec.structs.replace(TRIAL, phil=f"integration.lookup.mask = {tmp_path}/none")
    with pytest.raises(RecipeError, match=r"'first'.*'jets'.*lookup\.mask.*No such file.*put"):
        recipe_of(trial, GROUP)


def test_a_relative_path_is_refused() -> None:
    group = msgspec.structs.replace(GROUP, geometry_path="g.expt")
    with pytest.raises(RecipeError, match="relative"):
        recipe_of(TRIAL, group)
