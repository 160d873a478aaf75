"""The winner among results of one frame does not depend on time or order."""

import msgspec
import pytest

from libs.messages import Outcome, Recipe, StagesUs, TimingsMs, attempt_of, precedence
from libs.messages.sampling import frame_fraction, selected_for_indexing
from tests.messages.examples import HIT, RECIPE, RUN, UNREADABLE


def test_timings_and_stage_times_do_not_matter() -> None:
    later = msgspec.structs.replace(HIT, timings_ms=TimingsMs(read=1.0), stages_us=StagesUs(done=1))
    assert precedence(1, later) == precedence(1, HIT)


def test_higher_attempt_beats_better_outcome() -> None:
    assert precedence(2, UNREADABLE) > precedence(1, HIT)


def test_processed_beats_every_other_outcome_of_the_same_attempt() -> None:
    others = [o for o in Outcome if o is not Outcome.PROCESSED]
    assert all(
        precedence(1, HIT) > precedence(1, msgspec.structs.replace(HIT, outcome=o)) for o in others
    )


def test_fits_a_signed_64_bit_integer_and_gives_back_its_attempt() -> None:
    value = precedence(65_535, HIT)
    assert 0 < value < 2**63
    assert attempt_of(value) == 65_535


def test_attempt_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="attempt 65536"):
        precedence(65_536, HIT)


def test_recipe_hash_knows_contents_and_not_cutoffs_or_paths() -> None:
    moved = msgspec.structs.replace(RECIPE.files[0], path="/elsewhere/mask.pickle")
    changed = msgspec.structs.replace(RECIPE.files[0], sha256="cd" * 32)
    assert msgspec.structs.replace(RECIPE, files=(moved,), timeout_cpu_s=1.0).hash == RECIPE.hash
    assert msgspec.structs.replace(RECIPE, files=(changed,)).hash != RECIPE.hash
    assert msgspec.structs.replace(RECIPE, phil="").hash != RECIPE.hash
    assert len(Recipe(phil="", d_min_angstrom=2.0).hash) == 16


def test_sampling_takes_its_fraction_and_keeps_its_word() -> None:
    chosen = [f for f in range(20_000) if selected_for_indexing(RUN, f, 0.25)]  # type: ignore[arg-type]
    assert 0.24 < len(chosen) / 20_000 < 0.26
    assert all(0.0 <= frame_fraction(RUN, f) < 1.0 for f in range(100))  # type: ignore[arg-type]
