"""What a person says about trials and run groups: the values behind the tables. No I/O."""

from enum import Enum

import msgspec

from libs.catalogue.matching import GroupRange
from libs.messages import Cutoffs, Lane


class LaneChoice(str, Enum):
    """Which lane a person asks for; AUTOMATIC: `fast` where that is possible, else `dials`."""

    AUTOMATIC = "automatic"
    FAST = "fast"
    DIALS = "dials"
    EXTERNAL = "external"

    @property
    def lane(self) -> Lane:
        """The lane to try first."""
        return Lane.FAST if self is LaneChoice.AUTOMATIC else Lane(self.value)


class TrialSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The crystal side: how frames are processed, and which cut-offs are shown first."""

    name: str
    d_min_angstrom: float
    phil: str = ""
    comment: str = ""
    lane: LaneChoice = LaneChoice.AUTOMATIC
    min_spots_to_index: int = 16
    hit_cutoff: int = 40
    solvent_cutoff: float = 1.0
    lattices_cutoff: int = 2
    d_min_quality_angstrom: float = 2.5
    i_sigi_cutoff: float = 1.0
    timeout_cpu_s: float = 60.0
    timeout_wall_s: float = 600.0

    @property
    def cutoffs(self) -> Cutoffs:
        """The cut-offs as they travel in a recipe."""
        return Cutoffs(
            hit=self.hit_cutoff,
            solvent=self.solvent_cutoff,
            lattices=self.lattices_cutoff,
            d_min_quality_angstrom=self.d_min_quality_angstrom,
            i_sigi=self.i_sigi_cutoff,
        )


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The detector side: which runs, and what holds for their images.

    `experiment` and `source` are globs; `last_run` None leaves the range open: "from run 12 on".
    """

    name: str
    comment: str = ""
    experiment: str = "*"
    source: str = "*"
    first_run: int | None = None
    last_run: int | None = None
    phil: str = ""
    geometry_path: str | None = None
    mask_path: str | None = None
    detector_address: str | None = None
    detector_distance_mm: float | None = None
    solvent_high_two_theta_deg: float | None = None
    solvent_low_two_theta_deg: float | None = None
    solvent_high_angstrom: float = 3.29
    solvent_low_angstrom: float = 5.97


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial in the catalogue; `id` is its number."""

    id: int
    active: bool
    activated_us: int | None
    settings: TrialSettings


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A run group in the catalogue."""

    id: int
    created_us: int
    settings: GroupSettings

    @property
    def range(self) -> GroupRange:
        """Which runs it takes."""
        said = self.settings
        return GroupRange(
            id=self.id,
            experiment=said.experiment,
            source=said.source,
            first_run=said.first_run,
            last_run=said.last_run,
        )
