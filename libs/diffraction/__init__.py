"""The edge to dxtbx and DIALS: reading frames, the `dials` lane, its workers, the archive.

Importing this package imports neither: DIALS lives in the workers.
"""

from libs.diffraction.errors import (
    DiffractionError,
    InstallationError,
    RecipeError,
    UnreadableFrameError,
)
from libs.diffraction.frame_pool import FramePool, lost_frame
from libs.diffraction.tasks import ArchivePart, ArchiveTask, FrameReply, FrameTask

__all__ = [
    "ArchivePart",
    "ArchiveTask",
    "DiffractionError",
    "FramePool",
    "FrameReply",
    "FrameTask",
    "InstallationError",
    "RecipeError",
    "UnreadableFrameError",
    "lost_frame",
]
