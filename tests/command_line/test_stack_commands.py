"""`up`, `status`, `logs`, `down` on a stack that is not there, and on a real one."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from libs.command_line.__main__ import main
from tests.conftest import StackFactory


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def test_status_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    code, output = run("status", "--var", str(tmp_path))
    assert code == 1
    assert "stillstream up" in output


def test_down_of_nothing_is_fine(tmp_path: Path) -> None:
    assert run("down", "--var", str(tmp_path)) == (0, "nothing runs\n")


def test_logs_of_nothing_say_what_to_do(tmp_path: Path) -> None:
    code, output = run("logs", "--var", str(tmp_path))
    assert code == 1
    assert "no logs yet" in output


def test_logs_of_an_unknown_process_name_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log/kafka.log").write_text("")
    code, output = run("logs", "zookeeper", "--var", str(tmp_path))
    assert code == 1
    assert "there are: kafka" in output


@pytest.mark.system
def test_a_running_stack_is_shown_and_stopped(stack: StackFactory) -> None:
    made = stack(services=[], infrastructure=["mariadb", "prometheus"])
    var = str(made.paths.var)

    code, output = run("status", "--var", var)
    assert code == 0, output
    assert "mariadb           running" in output

    code, output = run("status", "--json", "--var", var)
    shown = json.loads(output)
    assert shown["processes"]["prometheus"]["state"] == "running"
    assert shown["addresses"]["mariadb"] == f"127.0.0.1:{made.ports.mariadb}"

    made.stop("mariadb")
    code, output = run("status", "--var", var)
    assert code == 1
    assert "mariadb           stopped" in output

    code, output = run("down", "--var", var)
    assert code == 0
    assert output.startswith("down after")
    assert not made.running
