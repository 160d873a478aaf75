"""The SQL of the dashboard. Text only.

`jobs in view` are those whose run overlaps the time range: their ids lead the keys of the hot
tables, so a query never reads what it does not show. Times are integer µs; Grafana takes ms.
A result counts when its precedence has the job's attempt in its upper bits (libs/messages).
Single frames are read for short ranges only; long ones come from roll-ups (docs/database.md).
"""

from libs.catalogue.rollup_models import ROLLUP_WIDTHS
from libs.messages import ATTEMPT_SHIFT

MOST_RAW_S = 4 * 3600
"""Longest range in which single frames are read: 432,000 of them at 30 Hz."""
COARSE_INTERVAL_MS = 600_000
"""From such bins on, roll-ups of 10,000 frames (5.6 min at 30 Hz) are fine enough."""
SHORT = f"$__unixEpochTo() - $__unixEpochFrom() <= {MOST_RAW_S}"
LONG = f"$__unixEpochTo() - $__unixEpochFrom() > {MOST_RAW_S}"
IN_VIEW = """
  JOIN job j ON j.id = {table}.job_id AND j.state <> 'deleted'
  JOIN run r ON r.id = j.run_id
   AND r.started_us < $__unixEpochTo() * 1000000
   AND COALESCE(r.ended_us, r.started_us + 86400000000) >= $__unixEpochFrom() * 1000000
  JOIN trial t ON t.id = j.trial_id
""".rstrip()
FRAMES_IN_VIEW = (
    "FROM frame f"
    + IN_VIEW.format(table="f")
    + """
   AND f.lane = j.lane AND f.precedence >= j.attempt << """
    + str(ATTEMPT_SHIFT)
    + """
 WHERE f.ts_us >= $__unixEpochFrom() * 1000000 AND f.ts_us < $__unixEpochTo() * 1000000
   AND """
    + SHORT
)
ROLLUPS_IN_VIEW = (
    "FROM frame_rollup u"
    + IN_VIEW.format(table="u")
    + f"""
   AND u.lane = j.lane
  JOIN rollup_rules s ON s.job_id = j.id AND s.attempt = j.attempt{{more}}
 WHERE u.width = IF($__interval_ms < {COARSE_INTERVAL_MS}, {ROLLUP_WIDTHS[0]}, {ROLLUP_WIDTHS[1]})
   AND u.first_ts_us >= $__unixEpochFrom() * 1000000
   AND u.first_ts_us < $__unixEpochTo() * 1000000"""
)
BIN_MS = "f.ts_us DIV ($__interval_ms * 1000) * $__interval_ms"
ROLLUP_BIN_MS = "u.first_ts_us DIV ($__interval_ms * 1000) * $__interval_ms"
SPOT_EDGES = (0, 5, 10, 16, 25, 40, 60, 100, 160, 250, 400, 630, 1000, 1600)
RESOLUTION_EDGES_ANGSTROM = (1.2, 1.4, 1.6, 1.8, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 5.0, 7.0)


def heat_map(column: str, edges: tuple[float, ...], condition: str = "") -> str:
    """Counts per time bin and per bucket of a column: one result column for each bucket."""
    below = [f" AND f.{column} < {high:g}" for high in edges[1:]] + [""]
    buckets = ",\n  ".join(
        f"SUM(f.{column} >= {low:g}{limit}) AS `{low:g}`"
        for low, limit in zip(edges, below, strict=True)
    )
    return (
        f"SELECT {BIN_MS} AS time,\n  {buckets}\n{FRAMES_IN_VIEW}{condition}\n"
        " GROUP BY time ORDER BY time"
    )


STRONG_SPOTS = heat_map("n_strong", SPOT_EDGES, "\n   AND f.outcome <> 'unreadable'")
RESOLUTION = heat_map(
    "d_min_contiguous", RESOLUTION_EDGES_ANGSTROM, "\n   AND f.d_min_contiguous IS NOT NULL"
)
BY_OUTCOME = {
    "processed": "u.n_selected - u.n_crashed - u.n_timed_out",
    "screened": "u.n_processed - u.n_selected",
    "crashed": "u.n_crashed",
    "timed_out": "u.n_timed_out",
    "unreadable": "u.n_unreadable",
}


def outcomes_of_rollups() -> str:
    """Frames per second by outcome, where single frames would be too many."""
    words = " UNION ALL ".join(f"SELECT '{outcome}' AS metric" for outcome in BY_OUTCOME)
    counts = " ".join(f"WHEN '{outcome}' THEN {count}" for outcome, count in BY_OUTCOME.items())
    more = f"\n  JOIN ({words}) o"
    return (
        f"SELECT {ROLLUP_BIN_MS} AS time, o.metric AS metric,\n"
        f"  SUM(CASE o.metric {counts} END) * 1000 / $__interval_ms AS value\n"
        f"{ROLLUPS_IN_VIEW.format(more=more)}\n   AND {LONG}\n"
        " GROUP BY time, metric HAVING value > 0"
    )


OUTCOMES = (
    f"SELECT {BIN_MS} AS time, f.outcome AS metric, COUNT(*) * 1000 / $__interval_ms AS value\n"
    f"{FRAMES_IN_VIEW}\n GROUP BY time, metric\nUNION ALL\n{outcomes_of_rollups()}\n ORDER BY time"
)
RATES_OVER_TIME = f"""SELECT {ROLLUP_BIN_MS} AS time,
  SUM(u.n_solvent) / SUM(u.n_processed) AS solvent, SUM(u.n_hits) / SUM(u.n_processed) AS hits,
  SUM(u.n_indexed) / SUM(u.n_selected) AS indexing,
  SUM(u.n_multi_lattice) / SUM(u.n_selected) AS `multi-lattice`,
  SUM(u.n_high_quality) / SUM(u.n_indexed) AS `high quality`
{ROLLUPS_IN_VIEW.format(more="")}
 GROUP BY time ORDER BY time"""
SPOTS_OVER_TIME = f"""SELECT {ROLLUP_BIN_MS} AS time,
  SUM(u.strong_sum) / SUM(u.n_processed) AS mean, MIN(u.strong_min) AS fewest,
  MAX(u.strong_max) AS most
{ROLLUPS_IN_VIEW.format(more="")}
 GROUP BY time ORDER BY time"""
WORKERS = (
    f"SELECT {BIN_MS} AS time, o.worker AS metric, COUNT(*) * 1000 / $__interval_ms AS value\n"
    f"{FRAMES_IN_VIEW}\n GROUP BY time, metric ORDER BY time"
).replace(" WHERE f.", "  JOIN batch_origin o ON o.id = f.origin_id\n WHERE f.")
RATES_OF_JOBS = """FROM rates s
  JOIN job j ON j.id = s.job_id AND j.state <> 'deleted'
  JOIN run r ON r.id = j.run_id
  JOIN trial t ON t.id = j.trial_id"""
STATISTICS_BAR = f"""SELECT r.started_us DIV 1000 AS started, r.number AS run, r.source AS source,
  t.name AS trial, s.n_announced AS images, s.n_processed AS processed, s.n_hits AS hits,
  s.n_indexed AS indexed, s.n_multi_lattice AS `2+ lattices`, s.n_high_quality AS `high quality`,
  s.n_unreadable AS unreadable, s.solvent_rate AS solvent, s.hit_rate AS `hit rate`,
  s.indexing_rate AS `indexing rate`, s.multi_lattice_rate AS `multi-lattice rate`,
  s.high_quality_rate AS `high-quality rate`, IF(s.preliminary, 'preliminary', 'final') AS state
{RATES_OF_JOBS}
 ORDER BY r.started_us DESC, j.id DESC LIMIT 50"""
AGREEMENT = f"""SELECT r.started_us DIV 1000 AS started, r.number AS run, r.source AS source,
  t.name AS trial, j.lane AS lane,
  s.n_indexed_by_both + s.n_indexed_by_neither + s.n_indexed_by_own + s.n_indexed_by_reference
    AS compared,
  s.agreement_rate AS agreement, s.agreement_rate_low AS `from`, s.agreement_rate_high AS `to`,
  s.n_indexed_by_both AS `both index`, s.n_indexed_by_neither AS neither,
  s.n_indexed_by_own AS `only own lane`, s.n_indexed_by_reference AS `only reference`,
  s.n_strong_difference AS `spots`, s.cell_percent_difference AS `cell (%)`,
  s.d_min_angstrom_difference AS `resolution (Å)`
{RATES_OF_JOBS}
 WHERE s.agreement_rate IS NOT NULL
 ORDER BY r.started_us DESC, j.id DESC LIMIT 50"""
RUNS = """SELECT r.started_us DIV 1000 AS time, r.ended_us DIV 1000 AS timeend,
  CONCAT('run ', r.number, ' (', r.source, ')') AS text,
  IF(r.ended_us IS NULL, 'open', 'ended') AS tags
FROM run r
 WHERE r.started_us < $__unixEpochTo() * 1000000
   AND COALESCE(r.ended_us, r.started_us) >= $__unixEpochFrom() * 1000000
 ORDER BY r.started_us"""
ADVICE = """SELECT a.since_us DIV 1000 AS since, r.number AS run, a.level AS level,
  a.cause AS cause, a.suggestion AS suggestion
FROM advice a
  JOIN job j ON j.id = a.job_id AND j.state <> 'deleted'
  JOIN run r ON r.id = j.run_id
 WHERE a.cleared_us IS NULL
 ORDER BY a.since_us DESC LIMIT 20"""
UNREADABLE = f"""SELECT f.ts_us DIV 1000 AS time, r.number AS run, f.frame AS frame,
  f.outcome AS outcome, f.reason AS reason, p.path AS file
{FRAMES_IN_VIEW}
   AND f.outcome IN ('unreadable', 'crashed', 'timed_out')
 ORDER BY f.ts_us DESC LIMIT 50""".replace(
    " WHERE f.", "  JOIN file p ON p.id = f.file_id\n WHERE f."
)
