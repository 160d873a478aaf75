"""What the two lanes say of the same frames: collected frame by frame, told at the end."""

import json

import msgspec

from libs.crystallography.agreement import agreement_of
from libs.crystallography.rates import JobStatistics, Rules
from libs.diffraction import FrameTask
from libs.messages import Agreement, Difference, FrameResult, FramesProcessed, Lane


class ComparedLanes:
    """Takes results of both lanes in any order."""

    def __init__(self) -> None:
        self._statistics: dict[Lane, JobStatistics] = {}

    def take(self, task: FrameTask, result: FrameResult) -> None:
        """One result; its task says the lane."""
        recipe = task.recipe
        if recipe.lane not in self._statistics:
            self._statistics[recipe.lane] = JobStatistics(Rules(cutoffs=recipe.cutoffs))
        batch = FramesProcessed(
            job=task.job, attempt=task.attempt, run=task.run, lane=recipe.lane, file=task.file,
            frames=(result,), recipe=recipe.hash, worker="",
        )  # fmt: skip
        self._statistics[recipe.lane].upsert(batch)

    @property
    def agreement(self) -> Agreement | None:
        """Fast against dials; None where no frame could be processed."""
        if len(self._statistics) < len((Lane.FAST, Lane.DIALS)):
            return None
        return agreement_of(self._statistics[Lane.FAST], self._statistics[Lane.DIALS])

    def as_json(self) -> str:
        """One line."""
        found = self.agreement
        return json.dumps({"agreement": None if found is None else all_fields(found)})

    def as_text(self) -> str:
        """A small table."""
        found = self.agreement
        return "no frame could be compared" if found is None else _table(found)


def all_fields(part: msgspec.Struct) -> dict[str, object]:
    """Every field of a part of a message, those at their default too."""
    values = {name: getattr(part, name) for name in part.__struct_fields__}
    return {k: all_fields(v) if isinstance(v, msgspec.Struct) else v for k, v in values.items()}


def _table(found: Agreement) -> str:
    rate = found.agreement
    interval = ""
    if rate.value is not None and rate.low is not None and rate.high is not None:
        low, high = 100 * rate.low, 100 * rate.high
        interval = f": {100 * rate.value:.1f} % (95 % within {low:.1f} … {high:.1f} %)"
    by_own, by_neither = found.n_indexed_by_own, found.n_indexed_by_neither
    return "\n".join(
        (
            f"lanes agree on {rate.numerator} of {rate.denominator} frames{interval}",
            f"{'':18}{'dials indexes':>15}{'dials does not':>16}",
            f"{'fast indexes':18}{found.n_indexed_by_both:>15}{by_own:>16}",
            f"{'fast does not':18}{found.n_indexed_by_reference:>15}{by_neither:>16}",
            "fast minus dials, median (90 % within):",
            _line("strong spots", found.n_strong, ".0f"),
            _line("cell edges, %", found.cell_percent, ".3f"),
            _line("resolution, Å", found.d_min_angstrom, ".2f"),
        )
    )


def _line(name: str, found: Difference, digits: str) -> str:
    if found.median is None or found.low is None or found.high is None:
        return f"  {name:16}–"
    median, low, high = (
        format(value, "+" + digits) for value in (found.median, found.low, found.high)
    )
    return f"  {name:16}{median:>9}  ({low} … {high})"
