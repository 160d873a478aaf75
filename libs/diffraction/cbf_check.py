"""Whether a CBF file is whole: dxtbx reads a truncated one without complaint in some formats."""

import re

from libs.diffraction.errors import UnreadableFrameError

MAGIC = b"###CBF"
BINARY_SIZE = re.compile(rb"X-Binary-Size:\s*(\d+)")
BINARY_START = b"\x0c\x1a\x04\xd5"


def check_cbf(data: bytes) -> None:
    """Raise UnreadableFrameError unless every binary section has all its bytes."""
    n_sections, position = 0, 0
    while (size := BINARY_SIZE.search(data, position)) is not None:
        start = data.find(BINARY_START, size.end())
        end = start + len(BINARY_START) + int(size.group(1))
        if start < 0 or end > len(data):
            missing = f"{end - len(data)} bytes missing" if start >= 0 else "its data are missing"
            raise UnreadableFrameError(
                f"truncated: image section {n_sections + 1} is incomplete ({missing})"
            )
        n_sections, position = n_sections + 1, end
    if n_sections == 0:
        raise UnreadableFrameError("truncated: the file ends before its image data")
