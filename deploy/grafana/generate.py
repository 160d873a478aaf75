"""Writes the dashboard: `python -m deploy.grafana.generate`; `--check` compares instead."""

import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.dashboard import build

TARGET = Path(__file__).parent / "dashboards" / "stillstream.json"


def text() -> str:
    """The dashboard as JSON, always in the same order."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(build()) + "\n"


def main(arguments: list[str]) -> int:
    """0 when the file is written, or is what it should be."""
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    if not arguments:
        TARGET.write_text(text(), encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text():
        return 0
    print(f"{TARGET} is not what is generated: run python -m deploy.grafana.generate")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
