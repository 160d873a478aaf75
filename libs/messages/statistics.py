"""What the statistics say: the statistics bar, the live windows, advice, merging."""

from libs.messages.base import Message, Part
from libs.messages.identities import JobId, RunId


class Rate(Part, frozen=True, kw_only=True):
    """A fraction with its 95 % Wilson interval; all null without a denominator."""

    numerator: int
    denominator: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Rates(Part, frozen=True, kw_only=True):
    """The six rates of FIELD, each with its own denominator."""

    solvent: Rate
    hit: Rate
    indexing: Rate
    indexing_success: Rate
    multi_lattice: Rate
    high_quality: Rate


class StatisticsBar(Part, frozen=True, kw_only=True):
    """Counts and rates of a whole run."""

    n_processed: int
    n_selected: int
    n_tried: int
    n_solvent: int
    n_hits: int
    n_indexed: int
    n_multi_lattice: int
    n_high_quality: int
    n_unreadable: int
    rates: Rates


class LiveWindow(Part, frozen=True, kw_only=True):
    """Rates over the newest seconds of event time, or the newest frames in frame order."""

    name: str
    """`10s`, `60s`, `10min`, `100frames` or `1000frames`."""
    n_processed: int
    rates: Rates


class Difference(Part, frozen=True, kw_only=True):
    """Own lane minus reference over n frames: median, and the range of the middle 90 %."""

    n: int
    median: float | None = None
    low: float | None = None
    high: float | None = None


class Agreement(Part, frozen=True, kw_only=True):
    """A job's own lane against the reference results of a random sample of its frames.

    The counts are the confusion matrix of frames that both were to index; `agreement` is the
    fraction on which both say the same.
    """

    agreement: Rate
    n_indexed_by_both: int
    n_indexed_by_neither: int
    n_indexed_by_own: int
    """Only by the job's own lane."""
    n_indexed_by_reference: int
    """Only by the reference lane."""
    n_strong: Difference
    cell_percent: Difference
    """Of the edge of the first lattice that differs most."""
    d_min_angstrom: Difference


class CellGroup(Part, frozen=True, kw_only=True):
    """Lattices that are the same, reduced, among those found without a known cell."""

    n_lattices: int
    n_of: int
    """Lattices that were looked at: the first one of each of the newest indexed frames."""
    edges_angstrom: tuple[float, float, float]
    """Of the reduced cell: medians, shortest first."""
    angles_deg: tuple[float, float, float] | None = None
    """α, β, γ of the reduced cell of the lattice in their middle: all acute, or none."""


class RatesUpdated(Message, frozen=True, kw_only=True):
    """The rates of one job; readers ignore a revision below one that they have seen."""

    job: JobId
    attempt: int
    run: RunId
    revision: int
    summary: StatisticsBar
    live: tuple[LiveWindow, ...]
    preliminary: bool
    newest_ts_us: int | None
    """Event time of the newest processed frame."""
    updated_us: int
    n_announced: int = 0
    n_waiting: int = 0
    index_fraction: float = 1.0
    agreement: Agreement | None = None
    """With the reference lane; none while no frame went through both."""
    cells: tuple[CellGroup, ...] = ()
    """Largest first, where the recipe knows no cell."""


class AdviceRaised(Message, frozen=True, kw_only=True):
    """Something is wrong, and what to do about it."""

    job: JobId
    cause: str
    since_us: int
    level: str
    """`watch` or `act`."""
    evidence: tuple[str, ...]
    suggestion: str
    raised_us: int


class AdviceCleared(Message, frozen=True, kw_only=True):
    """The advice is in force no longer."""

    job: JobId
    cause: str
    since_us: int
    cleared_us: int
    because: str = "cured"
    """`cured`; `run_ended`: it held to the end; `withdrawn`: later results contradict it."""


class MergingShell(Part, frozen=True, kw_only=True):
    """Merging statistics of one resolution shell (Å)."""

    d_max_angstrom: float
    d_min_angstrom: float
    n_possible: int
    n_measured: int
    n_observations: int
    mean_i_sigi: float | None = None
    cc_half: float | None = None


class MergingUpdated(Message, frozen=True, kw_only=True):
    """Merging statistics of one condition (a set of tags)."""

    condition: str
    revision: int
    n_frames: int
    n_lattices: int
    shells: tuple[MergingShell, ...]
    updated_us: int
