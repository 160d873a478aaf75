"""Writes golden payloads that do not exist yet; existing ones are never changed."""

from libs.messages import encode
from tests.messages.examples import EXAMPLES
from tests.messages.test_schemas import GOLDEN, golden_path

if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        if not golden_path(example).exists():
            golden_path(example).write_bytes(encode(example))
