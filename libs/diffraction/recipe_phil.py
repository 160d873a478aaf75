"""A recipe's PHIL text as parameters of DIALS's stills processor, or a message that says why not.

Nothing is written by the processor itself: every output is off, whatever the text says.
"""

import copy
import hashlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from libs.diffraction.debian_gaps import prepare
from libs.diffraction.errors import RecipeError
from libs.messages import Recipe, RecipeFile

OUTPUTS = (
    "experiments_filename",
    "strong_filename",
    "indexed_filename",
    "refined_experiments_filename",
    "integrated_filename",
    "integrated_experiments_filename",
    "profile_filename",
    "integration_pickle",
)
FILES_TYPED_AS_STRINGS = (
    "input.reference_geometry",
    "spotfinder.lookup.mask",
    "integration.lookup.mask",
)
UNSUPPORTED = ("indexing.stills.known_orientations",)
LINE = re.compile(r"input line (\d+)")


def load_params(recipe: Recipe, output_folder: Path) -> Any:
    """Parameters for one recipe; raises RecipeError. Copy them per frame: DIALS changes them."""
    params = _working_phil(recipe.phil).extract()
    params.dispatch.squash_errors = False
    finder = params.dispatch.hit_finder
    finder.maximum_number_of_reflections = most_spots_to_index(params)
    finder.minimum_number_of_reflections, finder.enable = recipe.min_spots_to_index, True
    params.output.output_dir = str(output_folder)
    params.output.composite_output = False
    params.mp.debug.output_debug_logs = False
    for name in OUTPUTS:
        setattr(params.output, name, None)
    return params


def complete_recipe(recipe: Recipe) -> Recipe:
    """The recipe with what its text decides: the hit finder's limit, and the files it names."""
    working = _working_phil(recipe.phil)
    finder = working.extract().dispatch.hit_finder
    changed = {d.path for d in _changed(working)}
    limit = recipe.min_spots_to_index
    if "dispatch.hit_finder.minimum_number_of_reflections" in changed:
        limit = finder.minimum_number_of_reflections
    return Recipe(
        **{
            **{name: getattr(recipe, name) for name in recipe.__struct_fields__},
            "min_spots_to_index": limit if finder.enable else 0,
            "files": tuple(_files(working)),
        }
    )


def changed_settings(text: str) -> dict[str, Any]:
    """Full names and values of the settings that differ from DIALS's defaults."""
    return {d.path: d.object.extract() for d in _changed(_working_phil(text))}


def most_spots_to_index(params: Any) -> int | None:
    """The hit finder's upper limit; None where it has none."""
    finder = params.dispatch.hit_finder
    return finder.maximum_number_of_reflections if finder.enable else None


def overrides_geometry(params: Any) -> bool:
    """Whether the recipe changes what the images say of beam and detector."""
    from dials.command_line.stills_process import phil_scope

    stock = phil_scope.extract()
    named = params.input.reference_geometry is not None
    return named or _text(phil_scope, params) != _text(phil_scope, stock)


def frame_params(params: Any, *, index: bool) -> Any:
    """A private copy for one frame; without indexing when the frame is only screened."""
    own = copy.deepcopy(params)
    own.dispatch.index = own.dispatch.index and index
    return own


def _text(scope: Any, params: Any) -> str:
    return str(scope.get("geometry").format(params).as_str())


def _working_phil(text: str) -> Any:
    prepare()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dials.command_line.stills_process import phil_scope
        from libtbx.phil import parse
        from libtbx.utils import Sorry

    try:
        working, unused = phil_scope.fetch(parse(text), track_unused_definitions=True)
        params = working.extract()
    except (RuntimeError, ValueError, Sorry) as error:
        raise RecipeError(f"the recipe cannot be read: {_first_line(error)}") from error
    _check_cell(params.indexing.known_symmetry)
    if unused:
        raise RecipeError("; ".join(_unknown(definition) for definition in unused))
    for definition in _changed(working):
        if definition.path in UNSUPPORTED:
            raise RecipeError(f"{definition.path} is not supported here: remove it")
    if not params.dispatch.find_spots:
        raise RecipeError("dispatch.find_spots=False leaves nothing to do: remove it")
    return working


def _check_cell(known: Any) -> None:
    """The check that DIALS makes on each frame, and the fast lane never."""
    from cctbx.crystal import symmetry

    if known.unit_cell is None or known.space_group is None:
        return
    try:
        symmetry(unit_cell=known.unit_cell, space_group_info=known.space_group)
    except AssertionError as error:
        cell = " ".join(f"{value:g}" for value in known.unit_cell.parameters())
        raise RecipeError(
            f"indexing.known_symmetry: the cell {cell} cannot have the space group "
            f"{known.space_group}; is it in the group's setting?"
        ) from error


def _unknown(definition: Any) -> str:
    line = LINE.search(str(definition.object.where_str))
    where = f" (line {line.group(1)})" if line else ""
    return f"unknown parameter {definition.path}{where}"


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _changed(working: Any) -> Iterator[Any]:
    from dials.command_line.stills_process import phil_scope

    yield from phil_scope.fetch_diff(source=working).all_definitions()


def _files(working: Any) -> Iterator[RecipeFile]:
    """Parameters that name a file: typed so, known by name, or a text that is a file's path."""
    for definition in _changed(working):
        kind = getattr(definition.object.type, "phil_type", None)
        value = definition.object.extract()
        if not isinstance(value, str) or definition.path.startswith(("output.", "mp.")):
            continue
        surely = kind == "path" or definition.path in FILES_TYPED_AS_STRINGS
        if surely or Path(value).is_file():
            yield RecipeFile(
                parameter=definition.path, path=value, sha256=_sha256(definition.path, value)
            )


def _sha256(parameter: str, path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise RecipeError(f"{parameter} names {path}, which cannot be read: {error}") from error
