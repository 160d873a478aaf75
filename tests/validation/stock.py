"""The fast lane beside stock DIALS on the same simulated frames, crystal form by crystal form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from libs.diffraction.dials_lane import DialsLane
from libs.diffraction.fast_lane import FastLane
from libs.simulation import Kind
from tests.validation.agreement import Agreement, agreement
from tests.validation.cases import D_MIN_ANGSTROM, FORMS, KINDS, Group, make_cases
from tests.validation.figures import Figure
from tests.validation.judge import Verdict
from tests.validation.lanes import KeptReplies, run_cases

CLEAN_KINDS = (*(Kind.HIT,) * 4, Kind.TWO)
SPOILED_KINDS = (*(Kind.HIT,) * 2, Kind.WEAK)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One frame: both verdicts, and how the lattices agree where both found one."""

    ours: Verdict
    theirs: Verdict
    agreement: Agreement | None


def stock_groups(forms: Sequence[str] = FORMS, *, whole: bool = False) -> list[Group]:
    """`whole`: all 500 frames; hours of stock DIALS."""
    kinds_by_half = ((False, KINDS), (True, KINDS))
    if not whole:
        kinds_by_half = ((False, CLEAN_KINDS), (True, SPOILED_KINDS))
    return [
        Group(sample=name, spoiled=bad, kinds=kinds, n_wrong_cell=0)
        for name in forms
        for bad, kinds in kinds_by_half
    ]


def compare(
    groups: Sequence[Group], seed: int, folder: Path, kept: Path, fast: FastLane, dials: DialsLane
) -> Iterator[Compared]:
    """Frames are written to `folder`; what DIALS said is kept in `kept` for the next time."""
    for group in groups:
        name = f"{group.sample}-{'spoiled' if group.spoiled else 'clean'}-{seed}"
        cases = list(make_cases(folder / name, group, seed, max_lattices=1))
        ours = run_cases(cases, fast, fast)
        theirs = run_cases(cases, KeptReplies(dials, kept, name), fast)
        for a, b in zip(ours, theirs, strict=True):
            crystal = fast.recipe(a.case.task.recipe).crystal
            both = agreement(a.reply, b.reply, crystal, D_MIN_ANGSTROM)
            yield Compared(ours=a.verdict, theirs=b.verdict, agreement=both)


def stock_figures(compared: Sequence[Compared]) -> list[Figure]:
    """Goals against stock DIALS; the last figures are each form's lead in frames that are right."""
    both = [c.agreement for c in compared if c.agreement and c.ours.right and c.theirs.right]
    correlations = [a.correlation for a in both if a.correlation is not None]
    same = [(c.ours.n_found > 0) == (c.theirs.n_found > 0) for c in compared]
    return [
        _figure("indexed or not as stock DIALS says", same, np.mean, 0.98),
        _figure("cells: median difference", [a.cell for a in both], np.median, 0.002, at_most=True),
        _figure("cells: within 0.2 %", [a.cell <= 0.002 for a in both], np.mean, None),
        _figure("orientation: median difference (degrees)",
                [a.orientation_deg for a in both], np.median, 0.1, at_most=True),
        _figure("resolution: within one shell", [abs(a.shells) <= 1 for a in both], np.mean, 0.98),
        _figure("intensities: median correlation", correlations, np.median, 0.98),
        _figure("intensities: correlation at least 0.98",
                [c >= 0.98 for c in correlations], np.mean, None),
        *_leads(compared),
    ]  # fmt: skip


def _figure(name, values, reduce, goal, *, at_most: bool = False) -> Figure:  # type: ignore[no-untyped-def]
    value = float(reduce(values)) if len(values) else float("nan")
    return Figure(name=name, value=value, goal=goal, n=len(values), at_most=at_most)


def _leads(compared: Sequence[Compared]) -> list[Figure]:
    figures = []
    for name in dict.fromkeys(c.ours.sample for c in compared):
        own = [c for c in compared if c.ours.sample == name]
        ours, theirs = sum(c.ours.right for c in own), sum(c.theirs.right for c in own)
        text = f"{name}: right {ours}, stock DIALS {theirs}, lead"
        figures.append(Figure(name=text, value=ours - theirs, goal=0.0, n=len(own)))
    return figures
