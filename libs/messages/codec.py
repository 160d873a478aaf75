"""Messages to bytes and back: msgpack with a tag, and a header `schema=name/version`."""

from functools import cache
from typing import Union

import msgspec

from libs.messages.base import BadMessageError, Message
from libs.messages.topics import Topic

SCHEMA_HEADER = "schema"
_ENCODER = msgspec.msgpack.Encoder()


def encode(message: Message) -> bytes:
    """The payload of a message."""
    return _ENCODER.encode(message)


def decode(topic: Topic, payload: bytes | None) -> Message:
    """The message in a payload; raises BadMessageError, and nothing else, for bad bytes."""
    if payload is None:
        raise BadMessageError("the payload is empty (a tombstone on a topic that has none)")
    try:
        return _decoder(topic).decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadMessageError(f"no message of {topic.name}: {error}") from error


def schema_name(message: Message) -> str:
    """`name/version`, as it stands in the record's header."""
    return f"{tag_of(type(message))}/{message.schema_version}"


def tag_of(kind: type[Message]) -> str:
    """The tag of a message type, for example `frames_processed`."""
    return str(kind.__struct_config__.tag)


@cache
def _decoder(topic: Topic) -> "msgspec.msgpack.Decoder[Message]":
    return msgspec.msgpack.Decoder(Union[topic.messages])
