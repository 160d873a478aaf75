"""Unpacks the two files of uPlot that the page needs from its WebJar.

Called by deploy/local/setup: `unpack_assets.py JAR FOLDER`.
"""

import sys
import zipfile
from pathlib import Path

WANTED = ("uPlot.iife.min.js", "uPlot.min.css", "LICENSE")


def unpack(jar: Path, folder: Path) -> None:
    """Write each wanted file under its bare name; raises SystemExit when one is missing."""
    with zipfile.ZipFile(jar) as archive:
        inside = {Path(name).name: name for name in archive.namelist() if "/uplot/" in name}
        for name in WANTED:
            if name not in inside:
                sys.exit(f"{jar} holds no {name}: has the version in deploy/kafka/pom.xml changed?")
            (folder / name).write_bytes(archive.read(inside[name]))


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
