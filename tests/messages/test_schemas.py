"""Generated schemas equal the committed ones; golden payloads stay readable for ever."""

from pathlib import Path

import pytest

from libs.messages import Message, decode, encode, tag_of
from libs.messages.schema_export import FOLDER, all_messages, differences
from libs.messages.topics import BY_MESSAGE
from tests.messages.examples import EXAMPLES

GOLDEN = FOLDER.parent / "examples"


def golden_path(message: Message) -> Path:
    return GOLDEN / f"{tag_of(type(message))}.v{message.schema_version}.msgpack"


def test_committed_schemas_are_those_of_the_code() -> None:
    assert not differences(FOLDER), "run `make schemas` and commit schemas/json"


def test_every_message_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(all_messages())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: tag_of(type(e)))
def test_golden_payload_decodes_to_the_example(example: Message) -> None:
    payload = golden_path(example).read_bytes()
    assert decode(BY_MESSAGE[type(example)], payload) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: tag_of(type(e)))
def test_every_message_survives_the_wire(example: Message) -> None:
    assert decode(BY_MESSAGE[type(example)], encode(example)) == example


def test_every_golden_payload_is_of_a_known_message() -> None:
    assert {path.name for path in GOLDEN.glob("*.msgpack")} >= {
        golden_path(example).name for example in EXAMPLES
    }
