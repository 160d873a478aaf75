"""The catalogue's commands on a real database."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from libs.command_line.__main__ import main
from tests.catalogue.test_seed import DEMO
from tests.database_server import DatabaseServer

pytestmark = pytest.mark.system


def call(database: DatabaseServer, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=os.environ | database.env("editor"))


def done(database: DatabaseServer, *arguments: str) -> str:
    result = call(database, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_demos_seed_can_be_loaded_twice(database: DatabaseServer) -> None:
    first = json.loads(done(database, "trial", "seed", str(DEMO), "--json"))
    again = json.loads(done(database, "trial", "seed", str(DEMO), "--json"))
    assert {entry["action"] for entry in first} == {"added"}
    assert {entry["action"] for entry in again} == {"kept"}
    listed = json.loads(done(database, "trial", "list", "--json"))
    assert [trial["run_groups"] for trial in listed] == [["simulated jet"], ["CSPAD"], ["raster"]]


def test_a_trial_is_made_shown_and_switched(database: DatabaseServer, tmp_path: Path) -> None:
    phil = tmp_path / "trial.phil"
    phil.write_text("spotfinder.filter.min_spot_size = 2\n")
    done(database, "group", "add", "from 12 on", "--source=jet", "--first-run=12")
    done(database, "trial", "add", "t", f"--phil={phil}", "--d-min=1.8", "--group=from 12 on")
    done(database, "trial", "activate", "t")
    (trial,) = json.loads(done(database, "trial", "list", "--json"))
    assert (trial["active"], trial["run_groups"]) == (True, ["from 12 on"])
    assert "min_spot_size" in done(database, "trial", "show", "1")
    done(database, "trial", "deactivate", "1")
    assert not json.loads(done(database, "trial", "list", "--json"))[0]["active"]
    assert "from 12 on" in done(database, "group", "list")


def test_empty_lists_and_tags(database: DatabaseServer) -> None:
    done(database, "tag", "persist", "batch 5")
    assert json.loads(done(database, "tag", "list", "--json")) == [
        {"tag": "batch 5", "persistent": True, "runs": 0}
    ]
    assert json.loads(done(database, "run", "list", "--json")) == []
    assert json.loads(done(database, "job", "list", "--json")) == []


def test_what_does_not_exist_is_said_without_a_traceback(database: DatabaseServer) -> None:
    for arguments in (
        ("job", "stop", "99"),
        ("run", "show", "99"),
        ("trial", "show", "none"),
        ("tag", "add", "99", "t"),
        ("trial", "seed", "none.toml"),
    ):
        result = call(database, *arguments)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1


def test_a_database_that_is_away_is_said_with_what_to_do(database: DatabaseServer) -> None:
    away = database.env("editor") | {"STILLSTREAM_DATABASE__PORT": "1"}
    result = CliRunner().invoke(main, ("trial", "list"), env=os.environ | away)
    assert result.exit_code == 1
    assert "stillstream status" in result.output


def test_a_trial_is_copied_with_a_known_cell(database: DatabaseServer, tmp_path: Path) -> None:
    phil = tmp_path / "trial.phil"
    phil.write_text("spotfinder.filter.min_spot_size = 2\n")
    done(database, "group", "add", "all", "--source=jet")
    done(database, "trial", "add", "unknown", f"--phil={phil}", "--d-min=1.8", "--group=all")
    cell = ("--unit-cell", "79.1 79.1 38 90 90 90", "--space-group", "P 4 2 2")
    done(database, "trial", "copy", "unknown", "known", *cell, "--active")
    first, second = json.loads(done(database, "trial", "list", "--json"))
    assert (second["run_groups"], second["active"]) == (["all"], True)
    assert second["settings"]["d_min_angstrom"] == first["settings"]["d_min_angstrom"]
    assert "unit_cell = 79.10 79.10 38.00 90.00 90.00 90.00" in second["settings"]["phil"]
    assert "space_group = P422" in second["settings"]["phil"]
    refused = call(database, "trial", "copy", "unknown", "x", "--unit-cell", "79 79", *cell[2:])
    assert "six numbers are needed" in refused.output
