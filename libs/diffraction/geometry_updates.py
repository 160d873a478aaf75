"""Beam and detector as the recipe wants them, where it overrides what the images say.

The same steps as `dials.stills_process`: `geometry.*` first, then a reference geometry.
"""

import copy
from typing import Any

from libs.diffraction.errors import RecipeError
from libs.diffraction.recipe_phil import overrides_geometry


class GeometryUpdates:
    """What one recipe does to the models of a frame; nothing, for most recipes."""

    def __init__(self, params: Any) -> None:
        self._params = params
        self._active = overrides_geometry(params)
        self._reference = _reference_detector(params.input.reference_geometry)

    @property
    def active(self) -> bool:
        """Whether `apply` changes anything."""
        return self._active

    def apply(self, experiments: Any) -> None:
        """Change beam and detector of the one experiment and of its imageset."""
        if not self._active:
            return
        from dials.command_line.dials_import import ManualGeometryUpdater

        experiment = experiments[0]
        imageset = experiment.imageset
        ManualGeometryUpdater(self._params)(imageset)
        if self._reference is not None:
            self._take_reference(imageset)
        experiment.beam, experiment.detector = imageset.get_beam(0), imageset.get_detector(0)

    def _take_reference(self, imageset: Any) -> None:
        from dials.command_line.stills_process import sync_geometry

        if self._params.input.sync_reference_geom:
            detector = imageset.get_detector(0)
            sync_geometry(self._reference.hierarchy(), detector.hierarchy())
        else:
            imageset.set_detector(copy.deepcopy(self._reference), 0)


def _reference_detector(path: str | None) -> Any:
    if path is None:
        return None
    from dxtbx.model.experiment_list import ExperimentListFactory

    try:
        detectors = ExperimentListFactory.from_json_file(path, check_format=False).detectors()
    except Exception as error:
        raise RecipeError(
            f"input.reference_geometry: {path} is no experiment list: {error}"
        ) from error
    if len(detectors) != 1:
        raise RecipeError(
            f"input.reference_geometry: {path} holds {len(detectors)} detectors, not 1"
        )
    return detectors[0]
