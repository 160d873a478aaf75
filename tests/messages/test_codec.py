"""Reading is tolerant of the future and strict with rubbish."""

import msgspec
import pytest

from libs.messages import (
    BadMessageError,
    JobState,
    Message,
    Outcome,
    decode,
    encode,
    schema_name,
    tag_of,
)
from libs.messages.topics import BY_MESSAGE, FRAMES, TOPICS, Topic
from tests.contracts.hostile_wire import hostile_payloads
from tests.messages.examples import EXAMPLES

FRAMES_PROCESSED = next(e for e in EXAMPLES if tag_of(type(e)) == "frames_processed")


def _is_refused(topic: Topic, payload: bytes | None) -> bool:
    try:
        decode(topic, payload)
    except BadMessageError:
        return True
    return False


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: tag_of(type(e)))
def test_hostile_payload_gives_a_bad_message_and_nothing_else(example: Message) -> None:
    topic = BY_MESSAGE[type(example)]
    survived = {n for n, p in hostile_payloads(example).items() if not _is_refused(topic, p)}
    assert not survived


def test_unknown_fields_are_ignored() -> None:
    fields = msgspec.msgpack.decode(encode(FRAMES_PROCESSED)) | {"from_the_future": [1, 2]}
    assert decode(FRAMES, msgspec.msgpack.encode(fields)) == FRAMES_PROCESSED


def test_unknown_value_of_an_enumeration_is_other() -> None:
    fields = msgspec.msgpack.decode(encode(FRAMES_PROCESSED))
    fields["frames"][0]["outcome"] = "teleported"
    decoded = decode(FRAMES, msgspec.msgpack.encode(fields))
    assert decoded.frames[0].outcome is Outcome.OTHER  # type: ignore[attr-defined]
    assert JobState("paused") is JobState.OTHER


def test_header_names_schema_and_version() -> None:
    assert schema_name(FRAMES_PROCESSED) == "frames_processed/1"


def test_topic_names_are_unique_and_versioned() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("stillstream.") and name.endswith(".v1") for name in names)
