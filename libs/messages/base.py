"""What every message and every part of one has in common.

Frozen, keyword-only, unknown fields ignored by readers, fields at their default left out. Nothing
in a message refers back to it, so that the collector of reference cycles need not look (`gc`).
"""

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A value inside a message."""


class Message(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
    tag=lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_"),
):
    """A fact on a topic; its tag is its name in snake_case."""

    schema_version: int = 1


class BadMessageError(ValueError):
    """A payload that is no message of its topic: what is wrong, in words."""
