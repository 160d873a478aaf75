"""Which lane a recipe gets, by the real DIALS in a process of its own."""

import msgspec
import pytest

from libs.diffraction import RecipeError
from libs.diffraction.lane_choice import choose_lane, complete_with_lane
from libs.messages import Lane
from tests.diffraction.conftest import real_recipe

pytestmark = pytest.mark.system
FAST = msgspec.structs.replace(real_recipe("thaumatin_grid"), lane=Lane.FAST)


def test_a_known_cell_goes_fast() -> None:
    assert choose_lane(FAST).put_into(FAST) == FAST


def test_settings_that_cannot_be_honoured_are_named() -> None:
    phil = "indexing.refinement_protocol.n_macro_cycles = 3\n"
    found = complete_with_lane(msgspec.structs.replace(FAST, phil=phil))
    assert found.lane is Lane.DIALS
    assert "indexing.refinement_protocol.n_macro_cycles" in found.lane_reason
    assert "indexing.known_symmetry.unit_cell (not given)" in found.lane_reason


def test_the_reason_is_no_part_of_the_hash() -> None:
    dials = msgspec.structs.replace(FAST, lane=Lane.DIALS)
    assert msgspec.structs.replace(dials, lane_reason="why").hash == dials.hash != FAST.hash


def test_a_text_that_cannot_be_read_is_named() -> None:
    with pytest.raises(RecipeError, match=r"unknown parameter spotfinder\.nonsense \(line 1\)"):
        choose_lane(msgspec.structs.replace(FAST, phil="spotfinder.nonsense = 1"))
