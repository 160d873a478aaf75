"""The command line: writes a run, tells the truth, refuses in words."""

import json
from pathlib import Path

from click.testing import CliRunner

from libs.command_line.simulate import command

QUICK = ["--detector", "quick", "--frames", "3"]


def test_json_is_the_truth_about_the_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path), "--scenario", "mixed", *QUICK, "--json"])
    assert result.exit_code == 0, result.output
    truth = json.loads(result.output)
    assert truth["frames_by_kind"] == {"jet": 1, "hit": 1, "nojet": 1}
    assert truth == json.loads((tmp_path / "r0001" / "truth_run.json").read_text())


def test_people_read_where_the_run_is_and_when_trouble_starts(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path), "--scenario", "no-beam", *QUICK])
    assert f"{tmp_path / 'r0001'}: 3 frames of no-beam" in result.output
    assert "trouble starts at frame 1; cured at frame 2" in result.output


def test_an_existing_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r0005").mkdir()
    result = CliRunner().invoke(command, [str(tmp_path), *QUICK, "--run-number", "5"])
    assert result.exit_code == 1
    assert "choose another run number" in result.output
