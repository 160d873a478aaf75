"""Numbers and texts as columns take them; what no column can hold is a bad message. Pure."""

import hashlib
import math

import msgspec

from libs.messages import BadMessageError

BIGGEST_COUNT = (1 << 32) - 1
BIGGEST_TINY = (1 << 8) - 1
BIGGEST_ATTEMPT = (1 << 16) - 1
BIGGEST_FRAME = 1 << 53
"""What a float64, hence every reader, holds exactly; as the statistics have it."""
BIGGEST_INT64 = (1 << 63) - 1
LARGEST_DOUBLE = 1.7976931348623157e308
LARGEST_FLOAT32 = 3.4e38
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


def count(value: int, name: str, biggest: int = BIGGEST_COUNT) -> int:
    """A number from 0 to the column's largest."""
    if not 0 <= value <= biggest:
        raise BadMessageError(f"{name} is {value}, which is outside 0 … {biggest}")
    return value


def integer(value: int, name: str) -> int:
    """A signed 64-bit number."""
    if not -BIGGEST_INT64 <= value <= BIGGEST_INT64:
        raise BadMessageError(f"{name} is {value}, which does not fit into 64 bits")
    return value


def integer_or_null(value: int | None, name: str) -> int | None:
    """A signed 64-bit number, or null."""
    if value is None or -BIGGEST_INT64 <= value <= BIGGEST_INT64:
        return value
    return integer(value, name)


def double_or_null(value: float | None) -> float | None:
    """Null for NaN; an infinite number becomes the largest one, so that comparisons still hold."""
    if value is None or -LARGEST_DOUBLE <= value <= LARGEST_DOUBLE:
        return value
    if value != value:
        return None
    return max(-LARGEST_DOUBLE, min(LARGEST_DOUBLE, value))


def float_or_null(value: float | None) -> float | None:
    """The same for columns of single precision."""
    if value is None or -LARGEST_FLOAT32 <= value <= LARGEST_FLOAT32:
        return value
    if value != value:
        return None
    return max(-LARGEST_FLOAT32, min(LARGEST_FLOAT32, value))


def finite(value: float, name: str) -> float:
    """A number that must be one."""
    if not math.isfinite(value):
        raise BadMessageError(f"{name} is {value}, which is no number")
    return value


def text(value: str, name: str, longest: int) -> str:
    """A text that fits; identities are never cut."""
    if len(value) > longest:
        raise BadMessageError(f"{name} has {len(value)} characters, more than {longest}")
    return value


def hash63(content: object) -> int:
    """63 bits that belong to this content for ever."""
    digest = hashlib.blake2b(_ENCODER.encode(content), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
