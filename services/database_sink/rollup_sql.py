"""The SQL of the roll-ups: what a frame counts as (FIELD, "Rates"), said to the database. Pure.

`COUNT(condition OR NULL)` counts where the condition holds, in integers; SUM would in decimals.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from libs.catalogue.rollup_models import ROLLUP_WIDTHS, FrameRollupRow, RollupRulesRow
from libs.messages import ATTEMPT_SHIFT, COUNTED, SELECTED, Cutoffs, Outcome
from services.database_sink.statements import columns_of, insert_sql

FINE, COARSE = ROLLUP_WIDTHS
RANGES_AT_ONCE = 200
Range = tuple[int, int]
"""First and last bucket."""


class Rules(NamedTuple):
    """A row of `rollup_rules` without its job."""

    attempt: int
    hit_cutoff: int
    solvent_cutoff: float
    lattices_cutoff: int
    d_min_quality_angstrom: float


def rules_of(attempt: int, cutoffs: Cutoffs) -> Rules:
    """Results of older attempts no longer count."""
    return Rules(
        attempt, cutoffs.hit, cutoffs.solvent, cutoffs.lattices, cutoffs.d_min_quality_angstrom
    )


def ranges(frames: Iterable[int], width: int) -> list[Range]:
    """The buckets that these frames lie in, neighbours together."""
    found: list[Range] = []
    for bucket in sorted({frame // width for frame in frames}):
        if found and found[-1][1] == bucket - 1:
            found[-1] = (found[-1][0], bucket)
        else:
            found.append((bucket, bucket))
    return found


def _words(outcomes: Iterable[Outcome]) -> str:
    return ", ".join(sorted(f"'{outcome.value}'" for outcome in outcomes))


_COUNTED = f"outcome IN ({_words(COUNTED)})"
_NOT_ANSWERED = _words(SELECTED - {Outcome.PROCESSED})
_INDEXED = "outcome = 'processed' AND n_lattices > 0"
_COUNTS = {
    "n_processed": _COUNTED,
    "n_selected": f"outcome IN ({_words(SELECTED)})",
    "n_tried": f"outcome IN ({_NOT_ANSWERED})"
    " OR (outcome = 'processed' AND (indexing_tried OR n_lattices > 0))",
    "n_solvent": f"{_COUNTED} AND solvent_ratio > 0 AND solvent_ratio >= {{0.solvent_cutoff:.17e}}",
    "n_hits": f"{_COUNTED} AND n_strong >= {{0.hit_cutoff}}",
    "n_indexed": _INDEXED,
    "n_multi_lattice": f"{_INDEXED} AND n_lattices >= {{0.lattices_cutoff}}",
    "n_high_quality": f"{_INDEXED} AND d_min_contiguous > 0"
    " AND d_min_contiguous <= {0.d_min_quality_angstrom:.17e}",
    "n_unreadable": "outcome = 'unreadable'",
    "n_crashed": "outcome = 'crashed'",
    "n_timed_out": "outcome = 'timed_out'",
}
_FROM_FRAMES = {
    "first_ts_us": "MIN(ts_us)",
    "last_ts_us": "MAX(ts_us)",
    "n_results": "COUNT(*)",
    **{name: f"COUNT(({condition}) OR NULL)" for name, condition in _COUNTS.items()},
    "strong_sum": f"SUM(IF({_COUNTED}, n_strong, 0))",
    "strong_min": f"MIN(IF({_COUNTED}, n_strong, NULL))",
    "strong_max": f"MAX(IF({_COUNTED}, n_strong, NULL))",
}
_MERGED = {"first_ts_us": "MIN", "last_ts_us": "MAX", "strong_min": "MIN", "strong_max": "MAX"}
_KEYS = ["job_id", "width", "bucket", "lane"]
_VALUES = [name for name in columns_of(FrameRollupRow) if name not in _KEYS]
_INTO = (
    f"INSERT INTO frame_rollup ({', '.join([*_KEYS, *_VALUES])}) "  # noqa: S608  our own names
    "SELECT {{job}}, {width}, {bucket} AS b, lane, {values} FROM {source} GROUP BY b, lane "
    f"ON DUPLICATE KEY UPDATE {', '.join(f'{name} = VALUES({name})' for name in _VALUES)}"
)
FINE_SQL = _INTO.format(
    width=FINE,
    bucket=f"frame DIV {FINE}",
    values=", ".join(_FROM_FRAMES[name] for name in _VALUES),
    source="frame WHERE job_id = {job} AND precedence >= {oldest} AND ({where})",
)
COARSE_SQL = _INTO.format(
    width=COARSE,
    bucket=f"bucket DIV {COARSE // FINE}",
    values=", ".join(f"{_MERGED.get(name, 'SUM')}({name})" for name in _VALUES),
    source=f"frame_rollup WHERE job_id = {{job}} AND width = {FINE} AND ({{where}})",
)
DELETE_ALL = "DELETE FROM frame_rollup WHERE job_id = {job}"
LOCK_RULES = (
    "SELECT attempt, hit_cutoff, solvent_cutoff, lattices_cutoff, d_min_quality_angstrom "
    "FROM rollup_rules WHERE job_id = {job} FOR UPDATE"
)
FIRST_RULES = (
    "INSERT INTO rollup_rules VALUES ({job}, 0, 0, 0e0, 0, 0e0) "
    "ON DUPLICATE KEY UPDATE attempt = attempt"
)
WITHOUT_RULES = (
    "SELECT j.name FROM job j LEFT JOIN rollup_rules r ON r.job_id = j.id "
    "WHERE r.job_id IS NULL AND j.state <> 'deleted' ORDER BY j.name"
)
KEEP_RULES = insert_sql(RollupRulesRow, [f"`{name}` = VALUES(`{name}`)" for name in Rules._fields])


def rebuilt(job_id: int, rules: Rules) -> list[str]:
    """Statements that make all roll-ups of a job anew."""
    return [
        DELETE_ALL.format(job=job_id),
        _fine(job_id, rules, "TRUE"),
        COARSE_SQL.format(job=job_id, where="TRUE"),
    ]


def refreshed(job_id: int, rules: Rules, frames: Sequence[int]) -> list[str]:
    """Statements that make the roll-ups of these frames anew.

    None of them can become empty: of one attempt, results are replaced and never taken away.
    """
    fine = [_fine(job_id, rules, where) for where in _where("frame", ranges(frames, FINE), FINE)]
    coarse = _where("bucket", ranges(frames, COARSE), COARSE // FINE)
    return [*fine, *(COARSE_SQL.format(job=job_id, where=where) for where in coarse)]


def _fine(job_id: int, rules: Rules, where: str) -> str:
    return FINE_SQL.format(rules, job=job_id, oldest=rules.attempt << ATTEMPT_SHIFT, where=where)


def _where(column: str, found: Sequence[Range], factor: int) -> list[str]:
    """Conditions for ranges of buckets, each of `factor` values of a column."""
    parts = [
        f"{column} BETWEEN {first * factor} AND {(last + 1) * factor - 1}" for first, last in found
    ]
    return [
        " OR ".join(parts[start : start + RANGES_AT_ONCE])
        for start in range(0, len(parts), RANGES_AT_ONCE)
    ]
