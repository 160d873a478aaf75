"""From a trial and a run group to the recipe that travels with the work.

Reads the files that the texts name, for their hashes only; judges no PHIL parameter, so it cannot
tell whether the fast lane honours them all (libs.diffraction.lane_choice does).
"""

import hashlib
from pathlib import Path

from libs.catalogue.errors import RecipeError
from libs.catalogue.phil_files import named_files
from libs.catalogue.trial_settings import GroupSettings, TrialSettings
from libs.messages import Recipe, RecipeFile

GEOMETRY = "input.reference_geometry"
MASKS = ("spotfinder.lookup.mask", "integration.lookup.mask")


def recipe_of(trial: TrialSettings, group: GroupSettings) -> Recipe:
    """Everything that decides how a frame is processed; raises RecipeError."""
    phil = phil_text(trial, group)
    return Recipe(
        phil=phil,
        d_min_angstrom=trial.d_min_angstrom,
        lane=trial.lane.lane,
        min_spots_to_index=trial.min_spots_to_index,
        solvent_high_two_theta_deg=group.solvent_high_two_theta_deg,
        solvent_low_two_theta_deg=group.solvent_low_two_theta_deg,
        solvent_high_angstrom=group.solvent_high_angstrom,
        solvent_low_angstrom=group.solvent_low_angstrom,
        cutoffs=trial.cutoffs,
        files=tuple(_hashed(name, path, trial, group) for name, path in named_files(phil)),
        timeout_cpu_s=trial.timeout_cpu_s,
        timeout_wall_s=trial.timeout_wall_s,
    )


def phil_text(trial: TrialSettings, group: GroupSettings) -> str:
    """The trial's text, then the run group's, which wins where both say something."""
    parts = [trial.phil.strip(), group.phil.strip()]
    if group.geometry_path:
        parts.append(f"{GEOMETRY} = {_quoted(group.geometry_path)}")
    if group.mask_path:
        parts += [f"{name} = {_quoted(group.mask_path)}" for name in MASKS]
    return "".join(f"{part}\n" for part in parts if part)


def _quoted(path: str) -> str:
    return f'"{path}"'


def _hashed(parameter: str, path: str, trial: TrialSettings, group: GroupSettings) -> RecipeFile:
    where = f"trial {trial.name!r} with run group {group.name!r}: {parameter} = {path}"
    if not Path(path).is_absolute():
        raise RecipeError(f"{where}: the path is relative; give it from the root (/…)")
    try:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecipeError(
            f"{where}: {error.strerror or error}; put the file there or correct the path, "
            "the job is made as soon as the file can be read"
        ) from error
    return RecipeFile(parameter=parameter, path=path, sha256=digest)
