import subprocess
import sys

import pytest
from click.testing import CliRunner

from libs.command_line.__main__ import COMMANDS, main
from libs.local_stack import ROOT


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists_and_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from click.testing import CliRunner; "
        "from libs.command_line.__main__ import main; "
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0; "
        "print([m for m in sys.modules if m.startswith('libs.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.strip()
    assert loaded == "['libs.command_line', 'libs.command_line.__main__']"


def test_an_unknown_command_is_an_error() -> None:
    result = CliRunner().invoke(main, ["fly"])
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.output
