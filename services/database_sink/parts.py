"""What a poll gave, cut into transactions. Pure."""

from collections.abc import Sequence

from libs.streams import Record

MOST_BYTES = 1_500_000
"""Of the messages of one transaction: some thousand frames, so that none gets long."""


def parts_of(records: Sequence[Record], most_bytes: int = MOST_BYTES) -> list[list[Record]]:
    """Consecutive records of so many bytes together; one that is longer stands alone."""
    parts: list[list[Record]] = []
    length = most_bytes + 1
    for record in records:
        length += len(record.value or b"")
        if length > most_bytes:
            parts.append([])
            length = len(record.value or b"")
        parts[-1].append(record)
    return parts
