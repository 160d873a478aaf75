"""One frame as read from its file: pixels, models, and what the file says of its time."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class FrameClock:
    """What a file says about when a frame was taken; None where it says nothing."""

    stamp_us: int | None = None
    """The frame's own stamp, µs since 1970 UTC."""
    stamp_text: str | None = None
    """The frame's own stamp as ISO 8601, perhaps without a zone."""
    start_text: str | None = None
    """Start of the file's series as ISO 8601, perhaps without a zone."""
    period_s: float | None = None
    modified_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class RawFrame:
    """Pixels per panel (flex arrays) and dxtbx models; goniometer and scan are left behind."""

    images: tuple[Any, ...]
    beam: Any
    detector: Any
    static_mask: Any
    """Flex masks per panel, or None."""
    format_class: Any
    clock: FrameClock
