"""Which lane computes a recipe: `fast` where it can honour every setting, else `dials`, and why.

Only DIALS can read a recipe's text, so this runs where DIALS is loaded: in a worker, or, for
services without DIALS, in a process of its own (`choose_lane`).
"""

import subprocess
import sys

import msgspec

from libs.diffraction.errors import DiffractionError, RecipeError
from libs.messages import Lane, Recipe

LIMIT_S = 120.0
REFUSED = 3


class LaneAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The lane, and why it is not the one that was asked for."""

    lane: Lane
    lane_reason: str = ""

    def put_into(self, recipe: Recipe) -> Recipe:
        """The recipe in this lane."""
        return msgspec.structs.replace(recipe, lane=self.lane, lane_reason=self.lane_reason)


def complete_with_lane(recipe: Recipe) -> Recipe:
    """The recipe with what its text decides, the lane included; raises RecipeError."""
    from libs.diffraction.recipe_phil import complete_recipe

    return _lane(recipe).put_into(complete_recipe(recipe))


def choose_lane(recipe: Recipe) -> LaneAnswer:
    """The lane that can compute the recipe, found by a process of its own (3 to 5 CPU seconds).

    Raises RecipeError for a text that cannot be read, DiffractionError when the process fails.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "libs.diffraction.lane_choice"],
            input=msgspec.json.encode(recipe),
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise DiffractionError(f"reading the recipe took more than {LIMIT_S:g} s") from error
    if done.returncode:
        kind = RecipeError if done.returncode == REFUSED else DiffractionError
        raise kind(_last_line(done.stderr))
    return msgspec.json.decode(done.stdout, type=LaneAnswer)


def _last_line(errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "the recipe could not be read: its process ended without a word"


def _lane(recipe: Recipe) -> LaneAnswer:
    """Lane and reason; a recipe that does not ask for the fast lane keeps its own."""
    from libs.diffraction.fast_recipe import unhonoured_settings

    problems = unhonoured_settings(recipe) if recipe.lane is Lane.FAST else []
    if not problems:
        return LaneAnswer(lane=recipe.lane)
    reason = f"the fast lane cannot honour: {', '.join(problems)}"
    return LaneAnswer(lane=Lane.DIALS, lane_reason=reason)


def main() -> int:
    """Recipe on standard input, its lane and the reason on standard output."""
    try:
        answer = _lane(msgspec.json.decode(sys.stdin.buffer.read(), type=Recipe))
    except RecipeError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
