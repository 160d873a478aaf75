"""Lanes of recipes, found out beside the loop, because reading a recipe takes DIALS some seconds.

Each recipe is read once; until then it has no lane, and its runs wait like those of a recipe whose
files are missing.
"""

import asyncio
from collections.abc import Callable

from libs.diffraction import DiffractionError, RecipeError
from libs.diffraction.lane_choice import LaneAnswer, choose_lane
from libs.messages import Lane, Recipe


class Lanes:
    """Answers at once: the recipe in its lane, or that it is not known yet."""

    def __init__(self, choose: Callable[[Recipe], LaneAnswer] = choose_lane) -> None:
        self._choose = choose
        self._asked: dict[str, asyncio.Task[LaneAnswer]] = {}

    def of(self, recipe: Recipe) -> Recipe | None:
        """The recipe in the lane that can compute it; None: ask again later.

        Raises RecipeError, now and later, for a text that cannot be read; DiffractionError when
        reading failed for another reason, and is tried again.
        """
        if recipe.lane is not Lane.FAST:
            return recipe
        key = recipe.hash
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(asyncio.to_thread(self._choose, recipe))
        if not self._asked[key].done():
            return None
        try:
            return self._asked[key].result().put_into(recipe)
        except RecipeError:
            raise
        except DiffractionError:
            del self._asked[key]
            raise
