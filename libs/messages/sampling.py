"""Which frames are indexed when they come too fast: decided before a frame is looked at."""

import hashlib

from libs.messages.identities import FrameNumber, RunId


def frame_fraction(run: RunId, frame: FrameNumber) -> float:
    """A uniform number in [0, 1) that belongs to (run, frame) for ever."""
    digest = hashlib.blake2b(f"{run}#{frame}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / float(1 << 53)


def selected_for_indexing(run: RunId, frame: FrameNumber, fraction: float) -> bool:
    """Whether this frame is indexed when the sampled fraction is `fraction`."""
    return frame_fraction(run, frame) < fraction
