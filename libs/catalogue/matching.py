"""Which run group a run belongs to. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What decides about a run's groups."""

    experiment: str
    source: str
    number: str


@dataclass(frozen=True, kw_only=True)
class GroupRange:
    """Which runs a group takes: globs on experiment and source, and a range of run numbers."""

    id: int
    experiment: str = "*"
    source: str = "*"
    first_run: int | None = None
    last_run: int | None = None

    def takes(self, run: RunFacts) -> bool:
        """Whether the run lies in this group; a range needs a run number with digits in it."""
        return (
            fnmatchcase(run.experiment, self.experiment)
            and fnmatchcase(run.source, self.source)
            and self._in_range(numeric(run.number))
        )

    def _in_range(self, number: int | None) -> bool:
        if self.first_run is None and self.last_run is None:
            return True
        if number is None:
            return False
        above = self.first_run is None or number >= self.first_run
        return above and (self.last_run is None or number <= self.last_run)


def numeric(number: str) -> int | None:
    """The last number in a run's number: `13` of `13`, `r0013` and `scan2_0013`."""
    found = _NUMBER.findall(number)
    return int(found[-1]) if found else None


def best_group(groups: Sequence[GroupRange], run: RunFacts) -> GroupRange | None:
    """Of several groups of a trial the one that begins latest, then the one made last."""
    taking = [group for group in groups if group.takes(run)]
    return max(taking, key=lambda group: (_start(group), group.id), default=None)


def _start(group: GroupRange) -> int:
    return group.first_run if group.first_run is not None else -1
