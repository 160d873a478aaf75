"""Per-frame results that another system computed, read into the messages of the frames topic.

Knows formats (Jungfraujoch's JSON, CrystFEL's streams) and what their fields mean here. No I/O.
"""

from libs.external_results.batches import EventTimes, batches_of
from libs.external_results.crystfel import read_chunk
from libs.external_results.external_frame import ExternalError, ExternalFrame
from libs.external_results.formats import FORMATS, Format
from libs.external_results.jungfraujoch import read_images
from libs.external_results.pieces import Piece, cut_chunks, cut_lines

__all__ = [
    "FORMATS",
    "EventTimes",
    "ExternalError",
    "ExternalFrame",
    "Format",
    "Piece",
    "batches_of",
    "cut_chunks",
    "cut_lines",
    "read_chunk",
    "read_images",
]
