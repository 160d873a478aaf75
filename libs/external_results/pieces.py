"""Whole pieces out of the bytes of a growing file: lines, or a stream's chunks.

What is not whole yet stays where it is; positions are bytes from the file's beginning.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from libs.external_results.crystfel import BEGIN_CHUNK, END_CHUNK


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The payload of one piece, and where it begins and ends in the file."""

    start: int
    end: int
    payload: bytes


Cut = Callable[[bytes, int], Iterator[Piece]]
"""(bytes, where they begin in the file) → the whole pieces in them."""


def cut_lines(data: bytes, start: int) -> Iterator[Piece]:
    """Lines with an end; blank ones count for nothing."""
    at = 0
    while (newline := data.find(b"\n", at)) >= 0:
        if line := data[at:newline].strip():
            yield Piece(start=start + at, end=start + newline + 1, payload=line)
        at = newline + 1


def cut_chunks(data: bytes, start: int) -> Iterator[Piece]:
    """From each begin marker to its end marker; a chunk that was never ended ends at the next."""
    begin = data.find(BEGIN_CHUNK)
    while begin >= 0:
        end = data.find(END_CHUNK + b"\n", begin)
        following = data.find(BEGIN_CHUNK, begin + 1)
        is_cut_off = 0 <= following < end or (end < 0 <= following)
        if end < 0 and not is_cut_off:
            return
        stop = following if is_cut_off else end + len(END_CHUNK) + 1
        yield Piece(start=start + begin, end=start + stop, payload=data[begin:stop])
        begin = following
