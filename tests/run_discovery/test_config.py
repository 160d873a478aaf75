"""A sources file is right, or says what is wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.run_discovery.config import RunDiscoverySettings, SourcesError, load_sources

GOOD = """
[[sources]]
name = "eiger"
experiment = "common"
folder = "data"
mode = "status_file"
"""
IMAGES = GOOD.replace("status_file", "image_files")


def load(folder: Path, text: str):
    (folder / "sources.toml").write_text(text)
    return load_sources(folder / "sources.toml")


def test_a_short_file_is_enough(tmp_path):
    (source,) = load(tmp_path, GOOD)
    assert source.folder == tmp_path / "data"
    assert source.all_patterns() == ("*.h5", "*.nxs")


def test_every_rule_reaches_the_core(tmp_path):
    more = 'period_s = 0.01\ntags = ["batch 5"]\ntime_zone = "Europe/Zurich"\nframes_expected = 9\n'
    rules = load(tmp_path, IMAGES + more)[0].rules()
    assert (rules.period_us, rules.tags, rules.time_zone) == (10_000, ("batch 5",), "Europe/Zurich")
    assert rules.frames_expected == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sources"),
        ("sources = []", "sources"),
        ("[[sources]", "no TOML"),
        (GOOD + "colour = 1", "sources.0.colour"),
        (GOOD.replace("status_file", "magic"), "status_file"),
        (GOOD.replace("common", "a/b"), "sources.0.experiment"),
        (GOOD + GOOD, "stands there twice"),
        (IMAGES, "frames_expected or finished_after_s"),
        (GOOD + 'time_zone = "Mars/Olympus"', "no time zone"),
        (GOOD + 'file_number = "("', "no regular expression"),
        (GOOD + 'file_number = "x"', "exactly one group"),
        (GOOD + 'patterns = ["a/*.h5"]', "patterns"),
    ],
)
def test_what_is_wrong_stands_in_the_error(tmp_path, text, said):
    with pytest.raises(SourcesError, match=said) as caught:
        load(tmp_path, text)
    assert "sources.toml" in str(caught.value)


def test_a_missing_file_names_the_variable(tmp_path):
    with pytest.raises(SourcesError, match="STILLSTREAM_SOURCES_FILE"):
        load_sources(tmp_path / "none.toml")


def test_the_environment_names_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("STILLSTREAM_SOURCES_FILE", str(tmp_path / "s.toml"))
    assert RunDiscoverySettings().sources_file == tmp_path / "s.toml"
    monkeypatch.delenv("STILLSTREAM_SOURCES_FILE")
    with pytest.raises(ValidationError, match="sources_file"):
        RunDiscoverySettings()
