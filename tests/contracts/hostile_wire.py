"""Payloads that no consumer may die of: every consumer's tests feed them to it."""

import msgspec

from libs.messages import Message, encode
from libs.messages.topics import BY_MESSAGE

EXPERIMENT = b"mx2471"
DEEP = b"\x91" * 5000 + b"\xc0"


def hostile_payloads(good: Message) -> dict[str, bytes | None]:
    """Name to bytes; all are derived from or unlike a good message of the topic."""
    payload = encode(good)
    fields = msgspec.msgpack.decode(payload)
    first = next(name for name in fields if name not in ("type", "schema_version"))
    several = len(BY_MESSAGE[type(good)].messages) > 1
    hostile: dict[str, bytes | None] = {
        "empty": b"",
        "tombstone": None,
        "text": b"not msgpack at all",
        "json": msgspec.json.encode({"type": fields["type"]}),
        "truncated": payload[: len(payload) // 2],
        "last byte missing": payload[:-1],
        "trailing bytes": payload + b"\xc0",
        "zeros": bytes(64),
        "all ones": b"\xff" * 64,
        "nil": b"\xc0",
        "number": b"\x2a",
        "array of everything": msgspec.msgpack.encode(list(fields.values())),
        "unknown type": msgspec.msgpack.encode(fields | {"type": "beam_me_up"}),
        "field missing": msgspec.msgpack.encode({k: v for k, v in fields.items() if k != first}),
        "wrong kind of field": msgspec.msgpack.encode(fields | {first: {"a": [1]}}),
        "huge length": b"\xdd\xff\xff\xff\xff",
        "deep": DEEP,
    }
    if several:
        untyped = {k: v for k, v in fields.items() if k != "type"}
        hostile["no type"] = msgspec.msgpack.encode(untyped)
    if EXPERIMENT in payload:
        hostile["invalid utf-8"] = payload.replace(EXPERIMENT, b"\xff" * len(EXPERIMENT))
    return hostile
