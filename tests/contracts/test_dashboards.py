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
from libs.catalogue import summary_models as summaries
from tests.contracts.metric_names import exported, used

GRAFANA = TARGET.parents[1]
BOARD = json.loads(TARGET.read_text(encoding="utf-8"))
PANELS = BOARD["panels"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
PROMQL = [(title, target["expr"]) for title, target in TARGETS if "expr" in target]
SQL = [(title, target["rawSql"]) for title, target in TARGETS if "rawSql" in target]
SQL += [(a["name"], a["target"]["rawSql"]) for a in BOARD["annotations"]["list"]]
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


def expand(query: str) -> str:
    """Grafana's macros for the minute after START_S in steps of 5 s."""
    known = {
        "$__unixEpochFrom()": str(START_S),
        "$__unixEpochTo()": str(START_S + 60),
        "$__interval_ms": "5000",
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
        summaries.AdviceRow,
        {
            "job_id": 1, "cause": "no_jet", "since_us": START_S * US, "level": "act",
            "evidence": "[]", "suggestion": "look at the jet",
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


@pytest.fixture
async def answer(database):
    """Runs a query of the dashboard with the reader's account; gives its rows as dictionaries."""
    writer, reader = (create_async_engine(database.url(name)) for name in ("owner", "reader"))
    async with writer.begin() as connection:
        for model, row in ROWS:
            await connection.execute(insert(model), row)
        await connection.execute(insert(results.FrameRow), FRAMES)
    await writer.dispose()

    async def ask(query: str) -> list[dict[str, object]]:
        async with reader.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(expand(query)))).mappings()]

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
    assert {row["metric"] for row in await answer(sql.WORKERS)} == {"w1"}
    assert {row["metric"] for row in await answer(sql.OUTCOMES)} == {"processed", "unreadable"}
