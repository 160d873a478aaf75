"""Figures of a set of verdicts, each against its goal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from libs.simulation import Kind
from tests.validation.judge import Verdict

ORIENTATION_DEG = 0.1


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`at_most` tells which side of the goal is good."""

    name: str
    value: float
    goal: float | None
    n: int
    at_most: bool = False

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def __str__(self) -> str:
        if self.goal is None:
            goal = ""
        else:
            sign = "at most" if self.at_most else "at least"
            goal = f"({sign} {self.goal:g}: {'met' if self.met else 'MISSED'})"
        return f"{self.name:58} {self.value:9.4f}  n {self.n:5} {goal}"


def share(
    name: str,
    verdicts: Iterable[Verdict],
    good: Callable[[Verdict], bool],
    goal: float | None,
    *,
    at_most: bool = False,
) -> Figure:
    flags = [good(verdict) for verdict in verdicts]
    value = float(np.mean(flags)) if flags else float("nan")
    return Figure(name=name, value=value, goal=goal, n=len(flags), at_most=at_most)


def figures(verdicts: Sequence[Verdict]) -> list[Figure]:
    """The goals for simulated frames."""
    hits = [v for v in verdicts if v.enough]
    clean, bad = ([v for v in hits if v.spoiled == spoiled] for spoiled in (False, True))
    return [
        share("hits with enough spots: as the truth says", hits, lambda v: v.right, 0.97),
        share("  clean ones", clean, lambda v: v.right, 0.97),
        share("  spoiled ones", bad, lambda v: v.right, 0.97),
        share(
            "blanks and wrong cells: falsely indexed",
            [v for v in verdicts if v.empty],
            lambda v: v.n_found > 0,
            0.002,
            at_most=True,
        ),
        share("hits with a lattice that is not there", hits, lambda v: v.false > 0, None),
        *(
            share(f"{kind} lattices: all found",
                  [v for v in verdicts if v.all_visible(kind)], lambda v: all(v.found), 0.80)
            for kind in (Kind.TWO, Kind.THREE)
        ),
        *orientation("clean", [e for v in clean for e in v.errors_deg]),
        *orientation("spoiled", [e for v in bad for e in v.errors_deg]),
        *spread("cell, clean frames (relative)", [e for v in clean for e in v.cell_errors]),
        *spread("cell, spoiled frames (relative)", [e for v in bad for e in v.cell_errors]),
    ]  # fmt: skip


def orientation(half: str, errors_deg: Sequence[float]) -> list[Figure]:
    """Of the lattices found: how far from the truth, and how many within the goal."""
    near = [error < ORIENTATION_DEG for error in errors_deg]
    return [
        *spread(f"orientation, {half} frames (degrees)", errors_deg),
        Figure(
            name=f"orientation, {half} frames: within {ORIENTATION_DEG} degrees",
            value=float(np.mean(near)) if near else float("nan"),
            goal=0.99,
            n=len(near),
        ),
    ]


def spread(name: str, errors: Sequence[float]) -> list[Figure]:
    """Median and 95th percentile of errors, without a goal."""
    parts = (("median", 50), ("95 %", 95)) if len(errors) else ()
    return [
        Figure(
            name=f"{name}, {what}", value=float(np.percentile(errors, q)), goal=None, n=len(errors)
        )
        for what, q in parts
    ]


def rights_by_sample(verdicts: Iterable[Verdict]) -> dict[str, tuple[int, int]]:
    """How many hits with enough spots are right, and of how many, for each crystal form."""
    counts: dict[str, tuple[int, int]] = {}
    for verdict in verdicts:
        if verdict.enough:
            right, n = counts.get(verdict.sample, (0, 0))
            counts[verdict.sample] = right + verdict.right, n + 1
    return counts
