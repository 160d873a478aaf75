"""Which frames are indexed when they come too fast, and which are the reference sample: decided
before a frame is looked at, one independently of the other."""

import hashlib

from libs.messages.identities import FrameNumber, RunId


def frame_fraction(run: RunId, frame: FrameNumber) -> float:
    """A uniform number in [0, 1) that belongs to (run, frame) for ever."""
    return _uniform(run, frame, b"")


def selected_for_indexing(run: RunId, frame: FrameNumber, fraction: float) -> bool:
    """Whether this frame is indexed when the sampled fraction is `fraction`."""
    return frame_fraction(run, frame) < fraction


def selected_for_reference(run: RunId, frame: FrameNumber, fraction: float) -> bool:
    """Whether this frame belongs to a reference sample of this size."""
    return _uniform(run, frame, b"reference") < fraction


def _uniform(run: RunId, frame: FrameNumber, purpose: bytes) -> float:
    digest = hashlib.blake2b(f"{run}#{frame}".encode(), digest_size=8, person=purpose).digest()
    return (int.from_bytes(digest, "big") >> 11) / float(1 << 53)
