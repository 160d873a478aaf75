"""The numbers that prove a cause are plain counts of the frames since its onset."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from libs.crystallography.advice.evidence import NAMES, RATES
from libs.crystallography.advice.tallies import T
from libs.crystallography.rates import Rows
from libs.crystallography.rates.rows import COUNTS, IS_SELECTED, IS_UNREADABLE
from tests.crystallography.advice.simulator import Experiment, Trouble, simulate
from tests.crystallography.advice.test_causes import CURE_S, END_S, JOB, ONSET_S, TROUBLES, advised

Array = np.ndarray[Any, np.dtype[Any]]
COUNTED = re.compile(r"\((\d+) of (\d+)\)")


def processed(rows: Rows) -> Array:
    return (rows["flags"] & COUNTS) > 0


def hit(rows: Rows) -> Array:
    return processed(rows) & (rows["n_strong"] >= 40)


def solvent(rows: Rows) -> Array:
    return processed(rows) & (rows["solvent_ratio"] >= 1.0)


def indexed(rows: Rows) -> Array:
    return processed(rows) & (rows["n_lattices"] > 0)


def selected(rows: Rows) -> Array:
    return processed(rows) & ((rows["flags"] & IS_SELECTED) > 0)


def faint(rows: Rows) -> Array:
    return processed(rows) & (rows["n_strong"] >= 20) & ~hit(rows)


NAIVE: dict[T, Callable[[Rows], Array]] = {
    T.KNOWN: lambda r: (r["flags"] & (COUNTS | IS_UNREADABLE)) > 0,
    T.UNREADABLE: lambda r: (r["flags"] & IS_UNREADABLE) > 0,
    T.PROCESSED: processed,
    T.RINGS: processed,
    T.SOLVENT: solvent,
    T.HITS: hit,
    T.SOLVENT_HITS: lambda r: hit(r) & solvent(r),
    T.INDEXED: indexed,
    T.MULTI_LATTICE: lambda r: indexed(r) & (r["n_lattices"] >= 2),
    T.HIGH_QUALITY: lambda r: indexed(r) & (r["d_min_contiguous"] <= 2.5),
    T.SELECTED_HITS: lambda r: hit(r) & selected(r),
    T.INDEXED_HITS: lambda r: hit(r) & selected(r) & indexed(r),
    T.NO_SPOTS: lambda r: processed(r) & (r["n_strong"] == 0),
    T.FAINT: faint,
    T.FAINT_SELECTED: lambda r: faint(r) & selected(r),
    T.FAINT_INDEXED: lambda r: faint(r) & indexed(r),
}


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("seed", [11, 12])
def test_counts_are_those_of_the_frames_since_the_onset(name: str, seed: int) -> None:
    cause, values = TROUBLES[name]
    trouble = Trouble(start_s=ONSET_S, end_s=CURE_S, values=values)
    rows = simulate(Experiment(seconds=END_S, seed=seed, troubles=[trouble]))
    adviser = advised(rows)
    (episode,) = adviser.episodes
    advice = adviser.advice(JOB, episode)
    shown = rows[(rows["ts_us"] >= advice.since_us) & (rows["ts_us"] < advice.raised_us)]
    for numerator, denominator in RATES.get(cause, ()):
        (line,) = (one for one in advice.evidence if one.startswith(f"{NAMES[numerator]} "))
        found = COUNTED.search(line)
        assert found is not None
        expected = [int(NAIVE[column](shown).sum()) for column in (numerator, denominator)]
        assert [int(number) for number in found.groups()] == expected
