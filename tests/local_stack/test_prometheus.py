import shutil
import subprocess
from pathlib import Path

import pytest

from libs.local_stack import SERVICES, Ports, StackPaths
from libs.local_stack.prometheus import prepare_prometheus

pytestmark = pytest.mark.system


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    paths = StackPaths(var=tmp_path)
    prepare_prometheus(paths, Ports(), SERVICES)
    return paths.prometheus


def promtool(*arguments: str, cwd: Path) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_sound(folder: Path) -> None:
    promtool("check", "config", "prometheus.yml", cwd=folder)


def test_the_rules_are_sound(folder: Path) -> None:
    promtool("check", "rules", *map(str, (folder / "rules").glob("*.yml")), cwd=folder)


def test_the_alert_comes_and_goes(folder: Path) -> None:
    shutil.copy(Path(__file__).with_name("alerts_test.yml"), folder)
    promtool("test", "rules", "alerts_test.yml", cwd=folder)
