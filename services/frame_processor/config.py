"""The settings of the frame processor."""

import os
from pathlib import Path

from pydantic import Field

from libs.service_kit import ServiceSettings


class FrameProcessorSettings(ServiceSettings):
    """STILLSTREAM_WORKERS, STILLSTREAM_ARCHIVE_FOLDER and what all services share.

    Workers are forked when they are first needed and take 0.13 GB (fast lane, 1 megapixel)
    to 0.35 GB (`dials` lane, 6 megapixels) each.
    """

    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=1024,
        description="live frames of the fast lane processed at a time; each worker is a process",
    )
    slow_workers: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="other frames processed at a time, at a lower priority; 0: as many as workers",
    )
    reference_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="further workers, of the lowest priority, for the reference sample",
    )
    archive_folder: Path | None = Field(
        default=None,
        description="where DIALS files are kept, per chunk; nothing is kept without it",
    )
