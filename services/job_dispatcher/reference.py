"""The reference sample: which frames of fast work go through the `dials` lane as well. Pure.

Chosen by hash before anyone looks at a frame, so hits, blanks and unindexed frames alike; a frame's
place, attempt and sampled fraction are those of its own work.
"""

from collections.abc import Iterable, Iterator

import msgspec

from libs.messages import FrameNumber, FrameSpan, FramesToProcess, Lane, selected_for_reference


def reference_work(chunks: Iterable[FramesToProcess], fraction: float) -> list[FramesToProcess]:
    """Work for the reference lane; the same chunks give the same, with the same ids."""
    found = []
    for chunk in chunks:
        spans = tuple(_sampled(chunk, fraction)) if chunk.recipe.lane is Lane.FAST else ()
        if spans:
            recipe = msgspec.structs.replace(chunk.recipe, lane=Lane.DIALS)
            found.append(msgspec.structs.replace(chunk, spans=spans, recipe=recipe))
    return found


def _sampled(chunk: FramesToProcess, fraction: float) -> Iterator[FrameSpan]:
    """One span for each frame of the sample."""
    for span in chunk.spans:
        for i in range(span.count):
            frame = FrameNumber(span.first_frame + i)
            if selected_for_reference(chunk.run, frame, fraction):
                yield msgspec.structs.replace(
                    span, first_index=span.first_index + i, first_frame=frame, count=1
                )
