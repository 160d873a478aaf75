"""Engines on a database of the test's own."""

from tests.engines import editor, writer

__all__ = ["editor", "writer"]
