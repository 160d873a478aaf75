"""Recipes as a worker keeps them: parsed once, their files checked against what was hashed."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.diffraction.errors import RecipeError
from libs.diffraction.geometry_updates import GeometryUpdates
from libs.diffraction.recipe_phil import load_params
from libs.messages import Recipe

KEPT_RECIPES = 8


@dataclass(frozen=True, kw_only=True)
class LoadedRecipe:
    """Parameters to copy for each frame, and what the recipe does to the geometry."""

    params: Any
    geometry: GeometryUpdates


class LoadedRecipes:
    """The last few recipes."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._loaded: OrderedDict[str, LoadedRecipe] = OrderedDict()

    def get(self, recipe: Recipe) -> LoadedRecipe:
        """The loaded recipe; raises RecipeError."""
        key = recipe.hash
        if key not in self._loaded:
            _check_files(recipe)
            params = load_params(recipe, self._scratch)
            self._loaded[key] = LoadedRecipe(params=params, geometry=GeometryUpdates(params))
            while len(self._loaded) > KEPT_RECIPES:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(key)
        return self._loaded[key]


def _check_files(recipe: Recipe) -> None:
    for named in recipe.files:
        try:
            found = hashlib.sha256(Path(named.path).read_bytes()).hexdigest()
        except OSError as error:
            raise RecipeError(
                f"{named.parameter} names {named.path}, which cannot be read: {error}"
            ) from error
        if found != named.sha256:
            raise RecipeError(
                f"{named.parameter}: {named.path} has changed since the recipe was made; "
                "make a new trial"
            )
