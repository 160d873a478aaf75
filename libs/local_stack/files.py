"""Writes configuration files from the templates in deploy/, and secrets."""

import os
import secrets
import string
from pathlib import Path

PRIVATE = 0o600
PASSWORD_BYTES = 24


def render(template: Path, target: Path, mode: int = 0o644, /, **values: object) -> None:
    """Fill in ${names}; the file has its mode before it has its content."""
    text = string.Template(template.read_text(encoding="utf-8")).substitute(values)
    write(target, text, mode)


def write(target: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file in one go."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(target)


def ensure_password(path: Path) -> str:
    """The password in a file, made at random when there is none yet."""
    if not path.exists():
        write(path, secrets.token_urlsafe(PASSWORD_BYTES) + "\n", PRIVATE)
    return path.read_text(encoding="utf-8").strip()
