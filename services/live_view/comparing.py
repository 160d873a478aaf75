"""Two results of one run side by side: the comparison of the core as an answer of the API. Pure."""

from dataclasses import asdict
from typing import Any

import msgspec

from libs.crystallography.comparison import compare
from libs.crystallography.rates import JobStatistics, Rows, Rules
from libs.messages import Lane
from services.live_view.core import ShownJob

MOST_LISTED = 1000
"""Frame numbers in each list of an answer; the counts are of all."""
LISTS = ("only_first", "only_second", "indexed_by_first", "indexed_by_second")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two: a job's results in one lane."""

    job: ShownJob
    lane: Lane

    @property
    def name(self) -> str:
        """As `stillstream compare` names it."""
        return f"{self.job.job}@{self.lane.value}"


def answer(
    first: Side, second: Side, rows: tuple[Rows, Rows], *, most_listed: int = MOST_LISTED
) -> dict[str, Any]:
    """The JSON object: names as in `stillstream compare --json`, long lists cut, counts beside."""
    found = compare(_statistics(first, rows[0]), _statistics(second, rows[1]))
    content: dict[str, Any] = asdict(found)
    counts = {f"n_{name}": len(content[name]) for name in LISTS}
    lists = {name: content[name][:most_listed] for name in LISTS}
    sides = {"first": _side_object(first), "second": _side_object(second)}
    return sides | {"agreement": found.agreement} | content | counts | lists


def lane_named(name: str) -> Lane | None:
    """The lane of this name; None where there is none."""
    return next((lane for lane in Lane if lane.value == name), None)


def is_same_run(first: Side, second: Side) -> bool:
    """Frame numbers mean the same frames within one run only."""
    return first.job.run == second.job.run


def _statistics(side: Side, rows: Rows) -> JobStatistics:
    statistics = JobStatistics(Rules(cutoffs=side.job.cutoffs, attempt=side.job.attempt))
    statistics.upsert_rows(rows)
    return statistics


def _side_object(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "id": side.job.id,
        "trial": side.job.trial,
        "lane": side.lane.value,
        "number": side.job.number,
        "d_min": side.job.d_min_angstrom,
    }
