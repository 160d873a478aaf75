"""A recipe's PHIL text as settings of the fast lane, and the settings that it cannot honour.

A setting that differs from DIALS's default is either honoured, or known to change nothing in the
result of a still here, or reported by name: that recipe belongs to the `dials` lane.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from libs.crystallography.fast.crystal import KnownCrystal
from libs.crystallography.fast.settings import (
    FastSettings,
    IndexSettings,
    IntegrationSettings,
    SpotSettings,
)
from libs.diffraction.errors import RecipeError
from libs.diffraction.recipe_phil import changed_settings, most_spots_to_index
from libs.messages import Recipe

SMALLEST_SPOT_PIXELS = {"SENSOR_PAD": 3}
SMALLEST_SPOT_OTHER = 6
NEEDED = ("indexing.known_symmetry.space_group", "indexing.known_symmetry.unit_cell")
HONOURED = (
    "dispatch.hit_finder.enable",
    "dispatch.hit_finder.maximum_number_of_reflections",
    "dispatch.hit_finder.minimum_number_of_reflections",
    "dispatch.index",
    "dispatch.integrate",
    "geometry.",
    "indexing.known_symmetry.absolute_angle_tolerance",
    "indexing.known_symmetry.relative_length_tolerance",
    "indexing.known_symmetry.space_group",
    "indexing.known_symmetry.unit_cell",
    "indexing.multiple_lattice_search.max_lattices",
    "indexing.multiple_lattice_search.minimum_angular_separation",
    "indexing.refinement_protocol.d_min_start",
    "indexing.stills.ewald_proximal_volume_max",
    "indexing.stills.ewald_proximity_resolution_cutoff",
    "indexing.stills.indexer",
    "indexing.stills.refine_all_candidates",
    "indexing.stills.rmsd_min_px",
    "input.ignore_gain_mismatch",
    "input.reference_geometry",
    "input.sync_reference_geom",
    "integration.lookup.mask",
    "integration.summation.detector_gain",
    "prediction.d_max",
    "prediction.d_min",
    "profile.gaussian_rs.centroid_definition",
    "profile.gaussian_rs.parameters.n_sigma",
    "profile.gaussian_rs.parameters.sigma_b_cutoff",
    "spotfinder.filter.border",
    "spotfinder.filter.d_max",
    "spotfinder.filter.d_min",
    "spotfinder.filter.disable_parallax_correction",
    "spotfinder.filter.ice_rings.",
    "spotfinder.filter.max_separation",
    "spotfinder.filter.max_spot_size",
    "spotfinder.filter.max_strong_pixel_fraction",
    "spotfinder.filter.min_spot_size",
    "spotfinder.filter.resolution_range",
    "spotfinder.filter.untrusted.",
    "spotfinder.lookup.mask",
    "spotfinder.threshold.algorithm",
    "spotfinder.threshold.dispersion.",
)
WITHOUT_EFFECT = (
    "dispatch.pre_import",
    "dispatch.squash_errors",
    "indexing.method",
    "indexing.nproc",
    "indexing.stills.candidate_outlier_rejection",
    "indexing.stills.refine_candidates_with_known_symmetry",
    "integration.debug.",
    "integration.mp.",
    "mp.",
    "output.",
    "refinement.mp.",
    "spotfinder.mp.",
)
"""How the search goes about it, and where and how much is written."""


REFUSED = (
    ("spotfinder.threshold.algorithm", "radial_profile"),
    ("indexing.stills.indexer", "sequences"),
)
AT_MOST = (
    ("indexing.known_symmetry.relative_length_tolerance", 0.1),
    ("indexing.known_symmetry.absolute_angle_tolerance", 5.0),
)
"""DIALS's own values: the search for a known cell goes less far, more cannot be honoured."""


@dataclass(frozen=True, kw_only=True)
class FastRecipe:
    """What the lane needs of one recipe; `min_spot_size` None is decided by the detector."""

    settings: FastSettings
    crystal: KnownCrystal
    space_group: Any
    """cctbx's group, for models that are written."""
    min_spot_size: int | None
    try_index: bool
    try_integrate: bool
    min_spots_to_index: int
    max_spots_to_index: int | None
    max_rmsd_px: float
    """Lattices whose spots lie farther from their predictions are none."""
    params: Any


def unhonoured_settings(recipe: Recipe) -> list[str]:
    """Names of settings in the recipe that the fast lane cannot honour; empty: it can run there."""
    changed = changed_settings(recipe.phil)
    known = HONOURED + WITHOUT_EFFECT
    unknown = [name for name in changed if not _starts(name, known)]
    missing = [f"{name} (not given)" for name in NEEDED if changed.get(name) is None]
    return unknown + missing + _unusable(changed)


def load_fast_recipe(recipe: Recipe, params: Any) -> FastRecipe:
    """Settings for the fast lane from the parameters of the `dials` lane; raises RecipeError."""
    problems = unhonoured_settings(recipe)
    if problems:
        raise RecipeError(f"the fast lane cannot honour: {', '.join(problems)}; use lane dials")
    smallest = params.spotfinder.filter.min_spot_size
    symmetry = params.indexing.known_symmetry
    return FastRecipe(
        settings=FastSettings(
            spots=_spot_settings(params),
            index=_index_settings(params),
            integration=_integration_settings(params),
        ),
        crystal=known_crystal(symmetry.unit_cell.parameters(), symmetry.space_group.group()),
        space_group=symmetry.space_group.group(),
        min_spot_size=smallest if isinstance(smallest, int) else None,
        try_index=params.dispatch.index,
        try_integrate=params.dispatch.integrate,
        min_spots_to_index=recipe.min_spots_to_index,
        max_spots_to_index=most_spots_to_index(params),
        max_rmsd_px=_largest_rmsd(params.indexing.stills),
        params=params,
    )


def known_crystal(unit_cell: Any, group: Any) -> KnownCrystal:
    """Plain numbers of cctbx's unit cell parameters and space group."""
    operations = list(group.all_ops())
    rotations = np.array([op.r().as_double() for op in operations]).reshape(-1, 3, 3)
    return KnownCrystal(
        unit_cell=tuple(unit_cell),
        rotations=np.rint(rotations).astype(np.int64),
        translations=np.array([op.t().as_double() for op in operations]),
    )


def smallest_spot(recipe: FastRecipe, detector: Any) -> int:
    """`min_spot_size`, decided as DIALS does where the recipe leaves it open."""
    if recipe.min_spot_size is not None:
        return recipe.min_spot_size
    return SMALLEST_SPOT_PIXELS.get(detector[0].get_type(), SMALLEST_SPOT_OTHER)


def _spot_settings(params: Any) -> SpotSettings:
    threshold, spot_filter = params.spotfinder.threshold, params.spotfinder.filter
    dispersion = threshold.dispersion
    return SpotSettings(
        extended=threshold.algorithm == "dispersion_extended",
        kernel_size=tuple(dispersion.kernel_size),
        sigma_background=dispersion.sigma_background,
        sigma_strong=dispersion.sigma_strong,
        gain=dispersion.gain or 0.0,
        global_threshold=float(dispersion.global_threshold),
        min_local=dispersion.min_local,
        max_spot_size=spot_filter.max_spot_size,
        max_separation_px=spot_filter.max_separation,
        max_strong_pixel_fraction=spot_filter.max_strong_pixel_fraction,
    )


def _index_settings(params: Any) -> IndexSettings:
    search, known = params.indexing.multiple_lattice_search, params.indexing.known_symmetry
    own = IndexSettings()
    return IndexSettings(
        length_tolerance=min(own.length_tolerance, known.relative_length_tolerance),
        angle_tolerance_deg=min(own.angle_tolerance_deg, known.absolute_angle_tolerance),
        max_lattices=search.max_lattices,
        min_angle_between_deg=search.minimum_angular_separation,
        d_min_angstrom=params.indexing.refinement_protocol.d_min_start,
    )


def _largest_rmsd(stills: Any) -> float:
    """DIALS asks for no rmsd of candidates that it did not refine."""
    return float(stills.rmsd_min_px) if stills.refine_all_candidates else math.inf


def _integration_settings(params: Any) -> IntegrationSettings:
    stills, profile = params.indexing.stills, params.profile.gaussian_rs.parameters
    return IntegrationSettings(
        n_sigma=profile.n_sigma,
        divergence_about_centroid=params.profile.gaussian_rs.centroid_definition == "com",
        d_min_angstrom=params.prediction.d_min,
        d_max_angstrom=params.prediction.d_max,
        proximal_volume_max=stills.ewald_proximal_volume_max,
        proximal_volume_d_min=stills.ewald_proximity_resolution_cutoff,
        sigma_b_cutoff_deg=profile.sigma_b_cutoff,
        gain=params.integration.summation.detector_gain,
    )


def _starts(name: str, known: tuple[str, ...]) -> bool:
    return any(name == k or (k.endswith(".") and name.startswith(k)) for k in known)


def _unusable(changed: dict[str, Any]) -> list[str]:
    """Honoured settings with a value that is not."""
    problems = [f"{name}={changed[name]}" for name, value in REFUSED if changed.get(name) == value]
    problems += [
        f"{name}={changed[name]:g}" for name, most in AT_MOST if changed.get(name, 0) > most
    ]
    name = "spotfinder.threshold.dispersion.global_threshold"
    if name in changed and not isinstance(changed[name], int | float):
        problems.append(f"{name}=Auto")
    return problems
