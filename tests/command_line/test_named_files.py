"""Which files `stillstream process` takes from what it is told."""

from pathlib import Path

import pytest

from libs.command_line.named_files import named_files

NAMES = ("b.cbf", "a.cbf.bz2", "run_master.h5", "run_data_000001.h5", "notes.txt", "process.phil")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).touch()
    (tmp_path / "inner.h5").mkdir()
    return tmp_path


def found(*names: Path | str) -> list[str]:
    return [Path(name).name for name in named_files([str(name) for name in names])]


def test_files_stay_as_they_are_named(folder: Path) -> None:
    assert found(folder / "b.cbf", folder / "notes.txt", "gone.cbf") == [
        "b.cbf", "notes.txt", "gone.cbf",
    ]  # fmt: skip


def test_a_folder_stands_for_its_images_but_not_for_the_parts_of_a_master(folder: Path) -> None:
    assert found(folder) == ["a.cbf.bz2", "b.cbf", "run_master.h5"]


def test_a_pattern_that_no_shell_replaced_stands_for_its_files(folder: Path) -> None:
    assert found(folder / "*.cbf*") == ["a.cbf.bz2", "b.cbf"]


def test_what_leads_nowhere_is_reported_later(folder: Path) -> None:
    empty = folder / "inner.h5"
    assert found(empty, folder / "*.nxs") == ["inner.h5", "*.nxs"]


def test_a_pattern_relative_to_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert list(named_files(["run_*.h5"])) == ["run_data_000001.h5", "run_master.h5"]
