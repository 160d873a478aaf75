"""Whether one image file is whole, told from its headers and its end without decoding it.

Does not look at pixels: a file that looks whole may still be damaged; the processor finds that out.
Never maps a file into memory: a writer that cuts it off meanwhile would kill this process.
"""

import re
from pathlib import Path
from typing import BinaryIO

CBF_DATA_STARTS = b"\x0c\x1a\x04\xd5"
CBF_SECTION_ENDS = b"--CIF-BINARY-FORMAT-SECTION----"
_MINI_CBF = b"_array_data.header_contents"
_SIZE = re.compile(rb"X-Binary-Size:\s*(\d+)")
_PADDING = re.compile(rb"X-Binary-Size-Padding:\s*(\d+)")
_HEADER_BYTES = 16_384
_SLACK_BYTES = 8
_BZ2_STREAM_ENDS = 0x177245385090
_BZ2_TAIL_BYTES = 11
_GZIP_SMALLEST_BYTES = 18


def is_whole(path: Path) -> bool | None:
    """True: whole. False: cut off, empty or no image. None: cannot be told without decoding."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        match path.suffix.lower():
            case _ if size == 0:
                return False
            case ".cbf":
                return _cbf_is_whole(stream)
            case ".bz2":
                return _bz2_is_whole(stream, size)
            case ".gz":
                return None if size >= _GZIP_SMALLEST_BYTES else False
            case _:
                return None


def _cbf_is_whole(stream: BinaryIO) -> bool | None:
    """A mini-CBF has one section; a full CBF may get another one after its last."""
    head = stream.read(_HEADER_BYTES)
    if _MINI_CBF not in head:
        return _sections_are_whole(head + stream.read())
    end = _section_end(head, 0)
    if end is None:
        return False
    stream.seek(end)
    return CBF_SECTION_ENDS in stream.read(_SLACK_BYTES + len(CBF_SECTION_ENDS))


def _sections_are_whole(content: bytes) -> bool | None:
    position, sections = 0, 0
    while _SIZE.search(content, position):
        end = _section_end(content, position)
        if end is None or not 0 <= content.find(CBF_SECTION_ENDS, end) <= end + _SLACK_BYTES:
            return False
        position, sections = end, sections + 1
    return None if sections else False


def _section_end(content: bytes, position: int) -> int | None:
    """Where the data of the next binary section end; None where its header is cut off."""
    size = _SIZE.search(content, position)
    data = content.find(CBF_DATA_STARTS, size.end()) if size else -1
    if size is None or data < 0:
        return None
    padding = _PADDING.search(content, size.end(), data)
    return data + len(CBF_DATA_STARTS) + int(size[1]) + (int(padding[1]) if padding else 0)


def _bz2_is_whole(stream: BinaryIO, size: int) -> bool:
    """The 48-bit mark of the stream's end stands before a 32-bit sum and up to 7 bits of fill."""
    stream.seek(max(size - _BZ2_TAIL_BYTES, 0))
    tail = int.from_bytes(stream.read(), "big")
    return any((tail >> (32 + fill)) & (1 << 48) - 1 == _BZ2_STREAM_ENDS for fill in range(8))
