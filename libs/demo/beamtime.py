"""A beamtime on disk: simulated runs that grow, real images that are copied in, the sources file.

Does not start the stack and does not look at results.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "tests" / "data"
EXPERIMENT = "demo"

SOURCES = """\
# Written by `stillstream demo`: the folders of the simulated beamtime and of the real images.
[[sources]]
name = "jet"
experiment = "demo"
folder = "beamtime/jet"
mode = "status_file"

[[sources]]
name = "cspad"
experiment = "demo"
folder = "beamtime/cspad"
mode = "image_files"
file_number = '(\\d{9})$' # the time of day is the counter: hours, minutes, seconds, milliseconds
frames_expected = 2
tags = ["thermolysin"]

[[sources]]
name = "raster"
experiment = "demo"
folder = "beamtime/raster"
mode = "image_files"
frames_expected = 6
period_s = 0.04
time_zone = "Europe/London"
tags = ["thaumatin"]
"""


@dataclass(frozen=True, kw_only=True)
class SimulatedRun:
    """One run of the simulated jet."""

    number: int
    scenario: str
    frames: int
    rate_hz: float
    seed: int


ONCE = (
    SimulatedRun(number=1, scenario="jet-dies", frames=60, rate_hz=10, seed=11),
    SimulatedRun(number=2, scenario="too-dense", frames=60, rate_hz=10, seed=12),
)
LIVE_SCENARIOS = ("steady", "jet-dies", "too-dense", "crystals-degrade", "too-dilute")


@dataclass(frozen=True, kw_only=True)
class RealImages:
    """Real images that are copied into a run folder, with stock DIALS's results beside them."""

    source: str
    run: str
    folder: Path
    pattern: str
    expected: str

    def files(self) -> list[Path]:
        """The images, in order."""
        return sorted(self.folder.glob(self.pattern))


REAL = (
    RealImages(
        source="cspad",
        run="r0014",
        folder=IMAGES / "thermolysin_cspad",
        pattern="*.cbf",
        expected="thermolysin_cspad",
    ),
    RealImages(
        source="raster",
        run="thau_3_2",
        folder=IMAGES / "thaumatin_grid",
        pattern="*.cbf.bz2",
        expected="thaumatin_grid",
    ),
)


def lay_out(var: Path) -> Path:
    """Make the beamtime's folders and the sources file below `var`; gives the beamtime's folder."""
    beamtime = var / "beamtime"
    for source in ("jet", "cspad", "raster"):
        (beamtime / source).mkdir(parents=True, exist_ok=True)
    (var / "sources.toml").write_text(SOURCES, encoding="utf-8")
    return beamtime


def copy_images(beamtime: Path) -> None:
    """Put the real images into their runs, each moved into place whole, as a detector does."""
    for images in REAL:
        run = beamtime / images.source / images.run
        run.mkdir(parents=True, exist_ok=True)
        for image in images.files():
            waiting = run / f".{image.name}"
            shutil.copyfile(image, waiting)
            waiting.rename(run / image.name)


def simulate_command(beamtime: Path, run: SimulatedRun) -> list[str]:
    """The command that writes a simulated run at its rate."""
    return [
        sys.executable,
        "-m",
        "libs.command_line",
        "simulate",
        str(beamtime / "jet"),
        f"--scenario={run.scenario}",
        f"--frames={run.frames}",
        f"--rate={run.rate_hz}",
        f"--seed={run.seed}",
        f"--run-number={run.number}",
        "--detector=quick",
    ]
