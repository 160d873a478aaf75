"""What the kernels of dispersion.py hand to each other, as named tuples, which numba knows.

numba's files in `__pycache__` know these classes by their names: whoever renames one removes them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
"""int32 or float64."""
Places = NDArray[np.int32]
Flags = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]


class Rule(NamedTuple):
    """Which pixels pass; names as in settings.py."""

    kernel: tuple[int, int]
    """Half widths (slow, fast)."""
    sigma_background: float
    sigma_strong: float
    gain: float
    """0 stands for DIALS's formula without a gain map."""
    global_threshold: float
    needed: int
    """Usable pixels in the kernel."""
    extended: bool
    """All dispersed pixels pass, however bright."""
    wide: Any
    """Absolute values from here on have squares whose sums are too large for the image's type."""


class Window(NamedTuple):
    """The rows of the kernel about one row of panels side by side, and their sums.

    After each panel lie at least as many empty pixels as the kernel reaches; `width` is from one to
    the next.
    """

    values: Image
    """[depth + 1, n]: 0 for what is not summed; the last row is for the one that comes in."""
    counts: Flags
    columns: Image
    """[3, n + 2 k]: number, sum and sum of squares of each column of the kernel's rows."""
    boxes: Image
    """[3, n]: the same of each pixel's kernel."""
    flags: Flags
    """[n]: the suspects of the row."""
    wide_until: Places
    """[n + 1]: the last row with a wide pixel in the kernel; at the end, of any pixel."""
    width: int
