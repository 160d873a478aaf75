"""Checks that every relative link in our Markdown files leads to a file: `make docs`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
ELSEWHERE = ("http://", "https://", "mailto:")


def documents(root: Path) -> Iterator[Path]:
    """The README files and everything in docs/."""
    yield from sorted(root.glob("*.md"))
    for folder in ("docs", "tests/data", "schemas", "deploy"):
        yield from sorted((root / folder).rglob("*.md"))


def broken_links(document: Path) -> Iterator[str]:
    """The links of one document that lead nowhere."""
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1):
        for target in LINK.findall(line):
            if not target.startswith(ELSEWHERE) and not (document.parent / target).exists():
                yield f"{document}:{number}: {target} does not exist"


def main() -> int:
    """Print every broken link; 1 if there is one."""
    found = list(documents(ROOT))
    broken = [problem for document in found for problem in broken_links(document)]
    print("\n".join(broken) or f"{len(found)} documents, every link leads somewhere")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
