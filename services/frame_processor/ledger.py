"""Which records are being worked on, and up to where each partition may be committed. Pure.

A partition is committed up to its first record that is not done, in order; what comes again while
it is still being worked on (after a rebalance) is not taken twice.
"""

from collections.abc import Iterable

TopicPartition = tuple[str, int]


class OffsetLedger:
    """Offsets taken and done, per partition."""

    def __init__(self) -> None:
        self._open: dict[TopicPartition, dict[int, bool]] = {}

    def take(self, tp: TopicPartition, offset: int) -> bool:
        """Note a record as taken; False where it is known already."""
        offsets = self._open.setdefault(tp, {})
        if offset in offsets:
            return False
        offsets[offset] = False
        return True

    def done(self, tp: TopicPartition, offset: int) -> None:
        """All effects of this record are durable."""
        if offset in self._open.get(tp, {}):
            self._open[tp][offset] = True

    def committable(self) -> dict[TopicPartition, int]:
        """Next offsets to commit; what they cover is forgotten."""
        positions = {}
        for tp, offsets in self._open.items():
            for offset in sorted(offsets):
                if not offsets[offset]:
                    break
                del offsets[offset]
                positions[tp] = offset + 1
        return positions

    def keep_only(self, topic: str, kept: Iterable[TopicPartition]) -> set[tuple[str, int, int]]:
        """After a rebalance: forget the topic's other partitions; gives the records given up."""
        remaining = set(kept)
        lost = [tp for tp in self._open if tp[0] == topic and tp not in remaining]
        return {(*tp, offset) for tp in lost for offset in self._open.pop(tp)}
