from pathlib import Path

import pytest

from libs.local_stack import ROOT, SettingsError, StackSettings, load_settings


def test_the_committed_settings_are_the_defaults() -> None:
    assert load_settings(ROOT / "deploy/local/settings.toml") == StackSettings()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[ports]\nkafak = 1\n", "ports.kafak"),
        ("[ports]\nkafka = 70000\n", "ports.kafka"),
        ("[ports\n", "no TOML"),
        ("[processing]\nworkers = -1\n", "processing.workers"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, content: str, what: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert what in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml cannot be read"):
        load_settings(tmp_path / "absent.toml")
