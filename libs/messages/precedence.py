"""Which of several results of one (job, frame, lane) counts: a rule without "latest".

The highest attempt wins, then the outcome's rank, then the hash of the payload without what may
differ between two undisturbed computations (timings, stage times). One integer carries it all, so
that columns, database and page decide alike.
"""

import hashlib
from typing import Any

import msgspec

from libs.messages.frames import FrameResult, StagesUs, TimingsMs
from libs.messages.identities import Outcome

OUTCOME_RANK = {
    Outcome.PROCESSED: 7,
    Outcome.SCREENED: 6,
    Outcome.TIMED_OUT: 4,
    Outcome.CRASHED: 3,
    Outcome.UNREADABLE: 2,
    Outcome.OTHER: 0,
}
_ATTEMPT_BITS, _RANK_BITS, _HASH_BITS = 16, 3, 44
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


def precedence(attempt: int, result: FrameResult) -> int:
    """A positive integer below 2**63; the larger one of two results wins."""
    if not 0 <= attempt < 1 << _ATTEMPT_BITS:
        raise ValueError(f"attempt {attempt} is outside 0 … {(1 << _ATTEMPT_BITS) - 1}")
    rank = OUTCOME_RANK[result.outcome]
    return ((attempt << _RANK_BITS | rank) << _HASH_BITS) | _payload_hash(result)


def attempt_of(value: int) -> int:
    """The attempt inside a precedence."""
    return value >> (_RANK_BITS + _HASH_BITS)


def _payload_hash(result: FrameResult) -> int:
    content: Any = msgspec.structs.replace(result, timings_ms=TimingsMs(), stages_us=StagesUs())
    digest = hashlib.blake2b(_ENCODER.encode(content), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _HASH_BITS)
