"""Lets a process keep the memory of images that it has freed, for the next image.

glibc gives large blocks back to the system at once; every page of the next image is then cleared
and mapped anew: more than half of the time that reading a frame takes. Decision 0008.
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_KEPT_BYTES = 32 * 1024 * 1024
"""The most that glibc allows: an image of 8 million pixels of 32 bits."""
KEPT_AT_MOST_BYTES = 256 * 1024 * 1024
"""Freed memory beyond this is given back."""


def keep_freed_memory() -> bool:
    """For this process and those forked from it; False where the C library has no such setting."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    kept = set_option(M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
    return bool(kept and set_option(M_TRIM_THRESHOLD, KEPT_AT_MOST_BYTES))
