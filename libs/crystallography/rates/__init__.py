"""Rates: columns of frame results, and what FIELD says about them. No I/O, clock or settings."""

from libs.crystallography.rates.classes import Rules, resolution_of
from libs.crystallography.rates.columns import FrameColumns
from libs.crystallography.rates.intervals import rate, wilson
from libs.crystallography.rates.rows import (
    ROW,
    Rows,
    rows_from_columns,
    rows_from_results,
    rows_of,
    rows_of_all,
    rows_of_tables,
)
from libs.crystallography.rates.segments import SEGMENT_ROWS
from libs.crystallography.rates.series import RunStatsSeries
from libs.crystallography.rates.shells import (
    RESOLUTIONS,
    Resolution,
    reachable_cutoffs,
)
from libs.crystallography.rates.statistics import JobStatistics

__all__ = [
    "RESOLUTIONS",
    "ROW",
    "SEGMENT_ROWS",
    "FrameColumns",
    "JobStatistics",
    "Resolution",
    "Rows",
    "Rules",
    "RunStatsSeries",
    "rate",
    "reachable_cutoffs",
    "resolution_of",
    "rows_from_columns",
    "rows_from_results",
    "rows_of",
    "rows_of_all",
    "rows_of_tables",
    "wilson",
]
