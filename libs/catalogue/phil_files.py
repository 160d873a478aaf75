"""Finds the files that a PHIL text names, without DIALS. Pure.

Understands what such texts use: scopes in braces, dotted names, comments, quotes, disabled (`!`)
entries. It does not check names against DIALS's own scope: libs.diffraction does that.
"""

import re
from collections.abc import Iterator

FILE_PARAMETERS = (
    "reference_geometry",
    "lookup.mask",
    "lookup.gain_map",
    "lookup.pedestal_map",
    "lookup.dx_map",
    "lookup.dy_map",
)
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<text>"[^"]*"|'[^']*')|(?P<mark>[{}=\n;])|(?P<word>[^\s{}=;\#"']+)""",
)
_NOTHING = {"", "none", "auto"}


def named_files(phil: str) -> list[tuple[str, str]]:
    """Pairs of a parameter's full name and the path that it is given, in order of appearance."""
    return [
        (name, path)
        for name, path in definitions(phil)
        if name.endswith(FILE_PARAMETERS) and path.lower() not in _NOTHING
    ]


def definitions(phil: str) -> Iterator[tuple[str, str]]:
    """All `name = value` pairs with the names of their scopes in front."""
    scopes: list[str] = []
    pending: list[str] = []
    value: list[str] | None = None
    for word in [*_tokens(phil), "\n"]:
        if value is not None and word in ("\n", ";", "}"):
            if pending and not pending[0].startswith("!"):
                yield ".".join([*scopes, pending[0]]), " ".join(value)
            pending, value = [], None
        if word == "{":
            scopes.append(pending[0] if pending else "")
            pending = []
        elif word == "}":
            scopes = scopes[:-1]
        elif word == "=" and value is None:
            value = []
        elif word not in ("\n", ";"):
            (pending if value is None else value).append(word)


def _tokens(phil: str) -> Iterator[str]:
    for match in _TOKEN.finditer(phil):
        if match["comment"] is None:
            yield match["text"][1:-1] if match["text"] is not None else match[0]
