"""Alert rules: sound, about metrics that exist, and telling what a person can do."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.grafana.generate import TARGET
from tests.contracts.metric_names import ROOT, exported, used

FILES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
RULES = [
    rule
    for file in FILES
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


def promtool(*arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_sound():
    promtool("check", "rules", *map(str, FILES), cwd=ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_metrics_exist_with_their_labels(rule):
    names = exported()
    for name, labels in used(rule["expr"]):
        assert name in names
        assert labels <= names[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_says_how_bad_what_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"page", "warning"}
    assert {"summary", "action"} <= rule["annotations"].keys()


def test_the_panel_that_an_alert_names_is_there():
    assert "Frames that could not be processed" in TARGET.read_text(encoding="utf-8")


def test_the_alerts_about_frames_come_and_go(tmp_path):
    for file in (
        ROOT / "deploy/prometheus/rules/frames.yml",
        Path(__file__).with_name("frames_alerts_test.yml"),
    ):
        shutil.copy(file, tmp_path)
    promtool("test", "rules", "frames_alerts_test.yml", cwd=tmp_path)
