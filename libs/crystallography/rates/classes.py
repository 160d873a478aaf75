"""What a frame counts as under given cut-offs: one bit for each numerator and denominator.

The bits are FIELD's table of rates; everything else only counts them.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.rows import COUNTS, IS_SELECTED, IS_TRIED, IS_UNREADABLE, Rows
from libs.crystallography.rates.shells import Resolution, d_min_at
from libs.messages import Cutoffs, attempt_of

PROCESSED, SELECTED, TRIED, UNREADABLE = COUNTS, IS_SELECTED, IS_TRIED, IS_UNREADABLE
SOLVENT, HIT, INDEXED, MULTI_LATTICE, HIGH_QUALITY = 16, 32, 64, 128, 256
KNOWN = 512
"""There is a result of the attempt, whatever it says."""
N_PATTERNS = 1024
DEFAULT_CUTOFFS = Cutoffs()
_PATTERN = np.arange(N_PATTERNS)
Bits = npt.NDArray[np.uint16]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """By what a frame is judged. `attempt`: results of older ones no longer count."""

    cutoffs: Cutoffs = DEFAULT_CUTOFFS
    resolution: Resolution = "contiguous"
    recorded_i_sigi: float = DEFAULT_CUTOFFS.i_sigi
    """The I/σ cut-off of the recorded resolutions; at another one the shell tables are used."""
    attempt: int = 0


def classify(rows: Rows, rules: Rules) -> Bits:
    """The bits of each row (uint16 [n]); frames of older attempts have none."""
    current = attempt_of(cast("Any", rows["precedence"])) >= rules.attempt
    bits: Bits = np.where(current, rows["flags"] | np.uint16(KNOWN), 0).astype(np.uint16)
    cutoffs = rules.cutoffs
    processed = (bits & PROCESSED) > 0
    indexed = rows["n_lattices"] > 0
    d_min = resolution_of(rows, rules)
    for bit, is_in in (
        (SOLVENT, (rows["solvent_ratio"] > 0) & (rows["solvent_ratio"] >= cutoffs.solvent)),
        (HIT, rows["n_strong"] >= cutoffs.hit),
        (INDEXED, indexed),
        (MULTI_LATTICE, indexed & (rows["n_lattices"] >= cutoffs.lattices)),
        (HIGH_QUALITY, indexed & (d_min > 0) & (d_min <= cutoffs.d_min_quality_angstrom)),
    ):
        bits |= np.where(processed & is_in, bit, 0).astype(np.uint16)
    return bits


def resolution_of(rows: Rows, rules: Rules) -> npt.NDArray[np.float64]:
    """Resolution limit of each row (Å), NaN where there is none, by the rules' definition."""
    recorded: npt.NDArray[np.float64] = rows[f"d_min_{rules.resolution}"]
    if rules.cutoffs.i_sigi == rules.recorded_i_sigi:
        return recorded
    result = recorded.copy()
    tabled = np.flatnonzero(rows["shell_d_min"] > 0)
    table, edges = rows[rules.resolution][tabled], rows["shell_d_min"][tabled]
    result[tabled] = d_min_at(rules.cutoffs.i_sigi, table, edges)
    return result


def patterns(bits: Bits) -> npt.NDArray[np.int64]:
    """How often each pattern of bits occurs (int64 [1024]): counts that add and subtract."""
    return np.bincount(bits, minlength=N_PATTERNS)


def count(pattern_counts: npt.NDArray[np.int64], *classes: int) -> int:
    """How many frames have all these bits."""
    wanted = sum(classes)
    return int(pattern_counts[(_PATTERN & wanted) == wanted].sum())
