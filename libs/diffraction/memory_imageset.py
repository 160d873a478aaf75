"""A frame in memory as the one-image experiment list that DIALS's stills processor takes."""

import copy
from typing import Any

from libs.diffraction.raw_frame import RawFrame


class _InMemory:
    """What dxtbx's MemReader asks of an image."""

    def __init__(self, images: tuple[Any, ...]) -> None:
        self._images = images

    def get_raw_data(self) -> tuple[Any, ...]:
        return self._images


def experiments_of(frame: RawFrame, identifier: str) -> Any:
    """An ExperimentList of one still: no goniometer, no scan, the format's static mask.

    With models of its own: recipes and DIALS change them, and readers share them among frames.
    """
    from dxtbx.format.image import ImageBool
    from dxtbx.imageset import ImageSet, ImageSetData, MemReader
    from dxtbx.model import Experiment, ExperimentList

    imageset = ImageSet(ImageSetData(MemReader([_InMemory(frame.images)]), None))
    beam, detector = copy.deepcopy(frame.beam), copy.deepcopy(frame.detector)
    imageset.set_beam(beam)
    imageset.set_detector(detector)
    if frame.static_mask is not None:
        imageset.external_lookup.mask.data = ImageBool(frame.static_mask)
    experiments = ExperimentList()
    experiments.append(
        Experiment(imageset=imageset, beam=beam, detector=detector, identifier=identifier)
    )
    return experiments
