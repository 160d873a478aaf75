"""Which of several results of one (job, frame, lane) counts: a rule without "latest".

The highest attempt wins, then the outcome's rank, then the hash of the payload without what may
differ between two undisturbed computations (timings, stage times). One integer carries it all, so
that columns, database and page decide alike.
"""

from collections.abc import Iterable
from hashlib import blake2b

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
ATTEMPT_SHIFT = _RANK_BITS + _HASH_BITS
"""The attempt stands above this many bits: results of attempt a have precedence >= a << this."""
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_NO_TIMINGS, _NO_STAGES = TimingsMs(), StagesUs()


def precedence(attempt: int, result: FrameResult) -> int:
    """A positive integer below 2**63; the larger one of two results wins."""
    return precedences(attempt, (result,))[0]


def precedences(attempt: int, results: Iterable[FrameResult]) -> list[int]:
    """The precedence of each of many results: the hot path, two microseconds a result."""
    if not 0 <= attempt < 1 << _ATTEMPT_BITS:
        raise ValueError(f"attempt {attempt} is outside 0 … {(1 << _ATTEMPT_BITS) - 1}")
    encode, replace = _ENCODER.encode, msgspec.structs.replace
    winners = []
    for result in results:
        content = replace(result, timings_ms=_NO_TIMINGS, stages_us=_NO_STAGES)
        digest = blake2b(encode(content), digest_size=8).digest()
        head = attempt << _RANK_BITS | OUTCOME_RANK[result.outcome]
        payload = int.from_bytes(digest, "big") >> (64 - _HASH_BITS)
        winners.append(head << _HASH_BITS | payload)
    return winners


def attempt_of(value: int) -> int:
    """The attempt inside a precedence."""
    return value >> ATTEMPT_SHIFT
