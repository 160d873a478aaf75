"""From counts to the messages' values: the six rates and the statistics bar."""

import numpy as np
import numpy.typing as npt

from libs.crystallography.rates.classes import (
    HIGH_QUALITY,
    HIT,
    INDEXED,
    MULTI_LATTICE,
    PROCESSED,
    SELECTED,
    SOLVENT,
    TRIED,
    UNREADABLE,
    count,
)
from libs.crystallography.rates.intervals import rate
from libs.messages import Rates, StatisticsBar

Counts = npt.NDArray[np.int64]


def rates_of(counts: Counts) -> Rates:
    """Numerators and denominators as in FIELD, "Rates"."""
    processed, selected = count(counts, PROCESSED), count(counts, SELECTED)
    indexed = count(counts, INDEXED)
    return Rates(
        solvent=rate(count(counts, SOLVENT), processed),
        hit=rate(count(counts, HIT), processed),
        indexing=rate(indexed, selected),
        indexing_success=rate(indexed, count(counts, TRIED)),
        multi_lattice=rate(count(counts, MULTI_LATTICE), selected),
        high_quality=rate(count(counts, HIGH_QUALITY), indexed),
    )


def bar_of(counts: Counts) -> StatisticsBar:
    """The statistics bar of a run."""
    return StatisticsBar(
        n_processed=count(counts, PROCESSED),
        n_selected=count(counts, SELECTED),
        n_tried=count(counts, TRIED),
        n_solvent=count(counts, SOLVENT),
        n_hits=count(counts, HIT),
        n_indexed=count(counts, INDEXED),
        n_multi_lattice=count(counts, MULTI_LATTICE),
        n_high_quality=count(counts, HIGH_QUALITY),
        n_unreadable=count(counts, UNREADABLE),
        rates=rates_of(counts),
    )
