"""JSON Schemas of all messages into `schemas/json/`: `python -m libs.messages.schema_export`.

With `--check` nothing is written; a difference to the committed files is an error.
"""

import sys
from pathlib import Path

import msgspec

from libs.messages.base import Message
from libs.messages.codec import tag_of
from libs.messages.topics import TOPICS

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "json"


def all_messages() -> tuple[type[Message], ...]:
    """Every message type of the topic table, once."""
    return tuple(dict.fromkeys(m for topic in TOPICS for m in topic.messages))


def version_of(message: type[Message]) -> int:
    """The schema version that this software writes."""
    fields = {field.name: field for field in msgspec.structs.fields(message)}
    return int(fields["schema_version"].default)


def schemas() -> dict[str, str]:
    """File name to content."""
    return {
        f"{tag_of(message)}.v{version_of(message)}.json": _pretty(message)
        for message in all_messages()
    }


def _pretty(message: type[Message]) -> str:
    schema = msgspec.json.schema(message)
    return (
        msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=1).decode() + "\n"
    )


def differences(folder: Path) -> list[str]:
    """Names of files that are missing, changed or left over."""
    wanted = schemas()
    present = {path.name: path.read_text() for path in folder.glob("*.json")}
    return sorted(n for n in wanted.keys() | present.keys() if wanted.get(n) != present.get(n))


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    if "--check" in arguments:
        changed = differences(FOLDER)
        if changed:
            sys.stderr.write(f"schemas differ: {', '.join(changed)}; run `make schemas`\n")
        return 1 if changed else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in schemas().items():
        (FOLDER / name).write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
