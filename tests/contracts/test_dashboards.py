"""The dashboard without Grafana: generated = committed, sound, and every query answerable."""

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.grafana import sql
from deploy.grafana.dashboard import COLUMNS
from deploy.grafana.generate import TARGET
from deploy.grafana.generate import text as generated
from libs.catalogue import catalogue_models as catalogue
from libs.catalogue import result_models as results
from libs.catalogue import rollup_models as rollups
from libs.catalogue import summary_models as summaries
from tests.contracts.metric_names import exported, used

GRAFANA = TARGET.parents[1]
BOARD = json.loads(TARGET.read_text(encoding="utf-8"))
PANELS = BOARD["panels"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
PROMQL = [(title, target["expr"]) for title, target in TARGETS if "expr" in target]
SQL = [(title, target["rawSql"]) for title, target in TARGETS if "rawSql" in target]
SQL += [(a["name"], a["target"]["rawSql"]) for a in BOARD["annotations"]["list"]]
COUNTS = [
    column.name
    for column in summaries.RatesRow.__table__.columns
    if column.name.startswith("n_") and not column.nullable
]
START_S = 1_800_000_000
US = 1_000_000


def test_the_committed_dashboard_is_the_generated_one():
    assert TARGET.read_text(encoding="utf-8") == generated(), (
        "run: python -m deploy.grafana.generate"
    )


def test_check_says_so_too():
    command = [sys.executable, "-m", "deploy.grafana.generate", "--check"]
    assert subprocess.run(command, cwd=GRAFANA.parents[1], check=False).returncode == 0


def test_panels_have_different_ids_and_titles():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


def test_panels_fit_the_grid_and_do_not_overlap():
    cells = {}
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= COLUMNS
        cells[panel["title"]] = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
    assert not [(a, b) for a, b in combinations(cells, 2) if cells[a] & cells[b]]


def test_every_query_has_its_own_letter_and_a_provisioned_source():
    source_file = GRAFANA / "provisioning/datasources/stillstream.yml"
    sources = yaml.safe_load(source_file.read_text(encoding="utf-8"))["datasources"]
    known = {source["uid"]: source["type"] for source in sources}
    for panel in PANELS:
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters) > 0
    for _, target in [*TARGETS, *((a["name"], a["target"]) for a in BOARD["annotations"]["list"])]:
        assert known[target["datasource"]["uid"]] == target["datasource"]["type"]


def test_no_password_is_provisioned():
    for path in (GRAFANA / "provisioning").rglob("*.yml"):
        for value in re.findall(r"password: *(.*)", path.read_text(encoding="utf-8")):
            assert value == "${STILLSTREAM_DATABASE_PASSWORD}"


def test_it_may_be_refreshed_each_second():
    assert BOARD["refresh"] == "1s"


@pytest.mark.parametrize(("title", "expression"), PROMQL)
def test_every_metric_exists_with_its_labels(title, expression):
    names = exported()
    metrics = list(used(expression))
    assert metrics
    for name, labels in metrics:
        assert name in names, f"{title}: nobody exports {name}"
        assert labels <= names[name], f"{title}: {name} has no labels {labels - names[name]}"


@pytest.mark.parametrize(
    ("title", "legend"), [(t, x["legendFormat"]) for t, x in TARGETS if "expr" in x]
)
def test_legends_name_labels_that_survive_the_query(title, legend):
    expression = next(
        x["expr"] for t, x in TARGETS if t == title and x.get("legendFormat") == legend
    )
    wanted = set(re.findall(r"\{\{(\w+)\}\}", legend))
    grouped = {
        name.strip()
        for group in re.findall(r"by \(([^)]*)\)", expression)
        for name in group.split(",")
    }
    labels = set().union(*(exported()[name] for name, _ in used(expression)))
    assert wanted <= (grouped or labels)


def test_promtool_parses_every_expression(tmp_path: Path):
    rules = [{"record": f"panel:{n}", "expr": expr} for n, (_, expr) in enumerate(PROMQL)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def expand(query: str, length_s: int = 60, interval_ms: int = 5000) -> str:
    """Grafana's macros for the time after START_S, the first minute in steps of 5 s."""
    known = {
        "$__unixEpochFrom()": str(START_S),
        "$__unixEpochTo()": str(START_S + length_s),
        "$__interval_ms": str(interval_ms),
    }
    for macro, value in known.items():
        query = query.replace(macro, value)
    assert "$" not in query
    return query


ROWS = [
    (catalogue.ExperimentRow, {"id": 1, "name": "e"}),
    (
        catalogue.RunRow,
        {
            "id": 1, "name": "e/s/7/v1", "experiment_id": 1, "source": "s", "number": "7",
            "version": 1, "path": "/x", "started_us": START_S * US, "announced_us": START_S * US,
            "started_source": "file_time", "time_zone": "UTC",
        },
    ),
    (catalogue.TrialRow, {"id": 1, "name": "t", "comment": "", "phil": "", "d_min_angstrom": 2.0}),
    (catalogue.RunGroupRow, {"id": 1, "name": "g", "comment": "", "created_us": 0}),
    (
        catalogue.JobRow,
        {
            "id": 1, "name": "e/s/7/v1/t001/g001", "run_id": 1, "trial_id": 1, "run_group_id": 1,
            "changed_us": 0, "live_from_us": 0,
        },
    ),
    (results.FileRow, {"id": 5, "path": "/x/a.h5"}),
    (
        results.BatchOriginRow,
        {
            "id": 6, "attempt": 1, "recipe": "r", "worker": "w1", "versions": "{}",
            "index_fraction": 1.0,
        },
    ),
    (
        rollups.RollupRulesRow,
        {
            "job_id": 1, "attempt": 1, "hit_cutoff": 40, "solvent_cutoff": 1.0,
            "lattices_cutoff": 2, "d_min_quality_angstrom": 2.5,
        },
    ),
    (
        summaries.AdviceRow,
        {
            "job_id": 1, "cause": "no_jet", "since_us": START_S * US, "level": "act",
            "evidence": "[]", "suggestion": "look at the jet",
        },
    ),
    (
        summaries.RatesRow,
        {
            **dict.fromkeys(COUNTS, 0), "job_id": 1, "index_fraction": 1.0, "preliminary": False,
            "updated_us": 0, "live": "[]", "revision": 1, "attempt": 1, "agreement_rate": 0.9,
            "n_indexed_by_both": 6, "n_indexed_by_neither": 3, "n_indexed_by_own": 1,
            "n_indexed_by_reference": 0, "cell_percent_difference": 0.02,
        },
    ),
]  # fmt: skip


def frame(number: int, second: int, n_strong: int, **changes: object) -> dict[str, object]:
    row = {
        "job_id": 1, "frame": number, "lane": "dials", "ts_us": (START_S + second) * US,
        "ts_source": "frame", "outcome": "processed", "reason": None, "n_strong": n_strong,
        "indexing_tried": True, "n_lattices": 0, "file_id": 5, "index_in_file": number,
        "origin_id": 6, "precedence": 1 << 47, "d_min_contiguous": None,
    }  # fmt: skip
    return row | changes


FRAMES = [
    frame(0, 1, 3),
    frame(1, 2, 50, d_min_contiguous=2.1, n_lattices=1),
    frame(2, 7, 50),
    frame(3, 8, 0, outcome="unreadable", reason="cut off"),
    frame(4, 8, 9, lane="fast"),
    frame(5, 600, 50),
]


def rollup(width: int, bucket: int, second: int, **counts: int) -> dict[str, object]:
    row = {
        "job_id": 1, "width": width, "bucket": bucket, "lane": "dials", "n_results": 100,
        "first_ts_us": (START_S + second) * US, "last_ts_us": (START_S + second + 3) * US,
        "n_processed": 90, "n_selected": 80, "n_tried": 50, "n_solvent": 45, "n_hits": 18,
        "n_indexed": 16, "n_multi_lattice": 4, "n_high_quality": 8, "n_unreadable": 10,
        "n_crashed": 1, "n_timed_out": 2, "strong_sum": 900, "strong_min": 1, "strong_max": 70,
    }  # fmt: skip
    return row | counts


ROLLUPS = [rollup(100, 0, 1), rollup(100, 1, 2, n_hits=0), rollup(10_000, 0, 1)]
ROLLUPS.append(rollup(100, 0, 1, n_hits=90) | {"lane": "fast"})
DAY = {"length_s": 86_400, "interval_ms": 300_000}
WEEK = {"length_s": 7 * 86_400, "interval_ms": 3_600_000}


@pytest.fixture
async def answer(database):
    """Runs a query of the dashboard with the reader's account; gives its rows as dictionaries."""
    writer, reader = (create_async_engine(database.url(name)) for name in ("owner", "reader"))
    async with writer.begin() as connection:
        for model, row in ROWS:
            await connection.execute(insert(model), row)
        await connection.execute(insert(results.FrameRow), FRAMES)
        await connection.execute(insert(rollups.FrameRollupRow), ROLLUPS)
    await writer.dispose()

    async def ask(query: str, **macros: int) -> list[dict[str, object]]:
        async with reader.connect() as connection:
            rows = await connection.execute(text(expand(query, **macros)))
            return [dict(row) for row in rows.mappings()]

    yield ask
    await reader.dispose()


@pytest.mark.system
async def test_every_sql_query_runs(answer):
    for _, query in SQL:
        await answer(query)


@pytest.mark.system
async def test_the_heat_maps_count_each_frame_of_the_range_once(answer):
    spots = await answer(sql.STRONG_SPOTS)
    assert [row["time"] for row in spots] == [START_S * 1000, START_S * 1000 + 5000]
    assert [int(row["0"]) for row in spots] == [1, 0]
    assert [int(row["40"]) for row in spots] == [1, 1]
    assert sum(int(v) for row in spots for k, v in row.items() if k != "time") == 3
    (resolution,) = await answer(sql.RESOLUTION)
    assert int(resolution["2"]) == 1


@pytest.mark.system
async def test_tables_series_and_annotations_name_what_they_show(answer):
    (run,) = await answer(sql.RUNS)
    assert (run["time"], run["timeend"], run["text"]) == (START_S * 1000, None, "run 7 (s)")
    (lost,) = await answer(sql.UNREADABLE)
    assert (lost["frame"], lost["reason"], lost["file"]) == (3, "cut off", "/x/a.h5")
    (advice,) = await answer(sql.ADVICE)
    assert advice["suggestion"] == "look at the jet"
    (lanes,) = await answer(sql.AGREEMENT)
    assert (lanes["run"], lanes["compared"], lanes["agreement"]) == ("7", 10, 0.9)
    assert (lanes["only own lane"], lanes["cell (%)"], lanes["spots"]) == (1, 0.02, None)
    assert {row["metric"] for row in await answer(sql.WORKERS)} == {"w1"}
    assert {row["metric"] for row in await answer(sql.OUTCOMES)} == {"processed", "unreadable"}


@pytest.mark.system
async def test_long_ranges_come_from_rollups(answer):
    for sure in (sql.STRONG_SPOTS, sql.RESOLUTION, sql.WORKERS, sql.UNREADABLE):
        assert await answer(sure, **DAY) == []
    (day,) = await answer(sql.RATES_OVER_TIME, **DAY)
    assert (float(day["solvent"]), float(day["hits"])) == (0.5, 0.1)
    assert (float(day["indexing"]), float(day["high quality"])) == (0.2, 0.5)
    (spots,) = await answer(sql.SPOTS_OVER_TIME, **DAY)
    assert (float(spots["mean"]), spots["fewest"], spots["most"]) == (10.0, 1, 70)
    frames = {r["metric"]: float(r["value"]) * 300 for r in await answer(sql.OUTCOMES, **DAY)}
    assert frames == pytest.approx(
        {"processed": 154, "screened": 20, "crashed": 2, "timed_out": 4, "unreadable": 20}, abs=0.1
    )


@pytest.mark.system
async def test_the_coarse_rollups_serve_the_longest_ranges(answer):
    (week,) = await answer(sql.RATES_OVER_TIME, **WEEK)
    assert float(week["hits"]) == 0.2
