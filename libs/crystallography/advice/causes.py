"""The causes that can be advised: FIELD, "Reading it", with what an injector specialist would try.

Only names and words; when a cause is raised is decided in conditions.py.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Level = Literal["watch", "act"]


class Cause(StrEnum):
    """What is wrong; the value travels in messages and lies in the database."""

    NO_BEAM = "no_beam"
    NO_JET = "no_jet"
    NO_CRYSTALS = "no_crystals"
    TOO_STRICT = "spotfinder_too_strict"
    NOISE = "spotfinder_picks_up_noise"
    TOO_DILUTE = "too_dilute"
    TOO_DENSE = "too_dense"
    INDEXING = "indexing_or_geometry_wrong"
    GEOMETRY = "geometry_drifted"
    DEGRADED = "crystals_degrade"
    MISSING = "data_missing"
    LAG = "processing_lags"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """How urgent a cause is and what to try; `{factor}` is filled in where it is known."""

    level: Level
    suggestion: str


REMEDIES = {
    Cause.NO_BEAM: Remedy(
        level="act",
        suggestion="check shutter, attenuators and the accelerator's status; "
        "in vacuum a lost jet looks the same: look at the nozzle",
    ),
    Cause.NO_JET: Remedy(
        level="act",
        suggestion="realign the nozzle, or the raster; look for a clog, ice, an empty reservoir",
    ),
    Cause.NO_CRYSTALS: Remedy(
        level="act",
        suggestion="check the sample: settled in the syringe, held back by a filter, or used up",
    ),
    Cause.TOO_STRICT: Remedy(
        level="act",
        suggestion="look at a frame: lower the spotfinding thresholds if it shows spots, "
        "else there are no crystals at all",
    ),
    Cause.NOISE: Remedy(
        level="act",
        suggestion="raise the spotfinding thresholds; mask beam stop, shadows and hot pixels",
    ),
    Cause.TOO_DILUTE: Remedy(level="watch", suggestion="concentrate {factor}"),
    Cause.TOO_DENSE: Remedy(level="act", suggestion="dilute {factor}"),
    Cause.INDEXING: Remedy(
        level="act",
        suggestion="check detector distance, beam centre, wavelength, unit cell and space group",
    ),
    Cause.GEOMETRY: Remedy(
        level="watch",
        suggestion="refine the geometry anew; ask whether detector, beam or humidity moved",
    ),
    Cause.DEGRADED: Remedy(
        level="watch",
        suggestion="change to a fresh batch; check temperature, age and beam intensity",
    ),
    Cause.MISSING: Remedy(
        level="act", suggestion="check the detector's writer, the disk and the network"
    ),
    Cause.LAG: Remedy(
        level="watch", suggestion="add workers, or index a fraction of the frames only"
    ),
}
