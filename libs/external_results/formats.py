"""The formats by name: how bytes are cut into pieces, and what a piece says."""

from collections.abc import Callable
from dataclasses import dataclass

from libs.external_results.crystfel import END_CHUNK, read_chunk
from libs.external_results.external_frame import ExternalError, ExternalFrame
from libs.external_results.jungfraujoch import read_images
from libs.external_results.pieces import Cut, cut_chunks, cut_lines


@dataclass(frozen=True, kw_only=True)
class Format:
    """`read` raises ExternalError."""

    name: str
    pattern: str
    cut: Cut
    read: Callable[[bytes], tuple[ExternalFrame, ...]]


def _whole_chunk(payload: bytes) -> tuple[ExternalFrame, ...]:
    if END_CHUNK not in payload:
        raise ExternalError("a chunk that was never ended")
    return (read_chunk(payload),)


FORMATS = {
    "json_lines": Format(name="json_lines", pattern="*.jsonl", cut=cut_lines, read=read_images),
    "crystfel": Format(name="crystfel", pattern="*.stream", cut=cut_chunks, read=_whole_chunk),
}
