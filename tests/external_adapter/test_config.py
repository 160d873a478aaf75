"""The sources file: one place for each source, mistakes named with their remedy."""

from pathlib import Path

import pytest

from services.external_adapter.config import ExternalSourcesError, load_sources

GOOD = '[[sources]]\nname = "jfj"\nexperiment = "lyso"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "external.toml"
    path.write_text(text)
    return path


def test_without_a_file_there_is_nothing_to_adapt() -> None:
    assert load_sources(None) == ()


def test_a_relative_folder_is_taken_from_the_files_own(tmp_path: Path) -> None:
    (source,) = load_sources(written(tmp_path, GOOD + 'folder = "results"\n'))
    assert source.folder == tmp_path / "results"
    assert (source.run_source, source.reads.name, source.period_us) == ("jfj", "json_lines", None)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("", "a folder or a topic"),
        ('folder = "a"\ntopic = "b"\n', "a folder or a topic"),
        ('topic = "b"\nformat = "crystfel"\n', "json_lines"),
        ('folder = "a"\nformat = "xml"\n', "format"),
        ('folder = "a"\nrun_number = "[0-9]+"\n', "one group"),
        ('folder = "a"\nrun_number = "("\n', "regular expression"),
        ('folder = "a"\nfirst_frame = -1\n', "first_frame"),
        ('folder = "a"\nfoldr = 1\n', "foldr"),
        ('folder = "a"\n' + GOOD + 'folder = "b"\n', "twice"),
        ("folder = \n", "no TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, more: str, what: str) -> None:
    path = written(tmp_path, GOOD + more)
    with pytest.raises(ExternalSourcesError, match=what) as caught:
        load_sources(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExternalSourcesError, match="cannot be read"):
        load_sources(tmp_path / "absent.toml")
