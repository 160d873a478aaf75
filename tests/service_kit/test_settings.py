"""Settings come from the environment, refuse unknown names, and keep passwords in files."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from libs.service_kit import DatabaseSettings, ServiceSettings


def test_defaults_run_locally() -> None:
    settings = ServiceSettings()
    assert settings.kafka.bootstrap == "127.0.0.1:9092"
    assert settings.metrics.host == "127.0.0.1"


def test_environment_sets_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLSTREAM_KAFKA__BOOTSTRAP", "broker:1234")
    monkeypatch.setenv("STILLSTREAM_LOG__LEVEL", "debug")
    settings = ServiceSettings()
    assert (settings.kafka.bootstrap, settings.log.level) == ("broker:1234", "debug")


def test_unknown_leaf_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLSTREAM_KAFKA__BOOTSTARP", "broker:1234")
    with pytest.raises(ValidationError, match=r"(?i)bootstarp"):
        ServiceSettings()


def test_password_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "reader").write_text("s3cret/with@signs\n")
    database = DatabaseSettings(password_file=tmp_path / "reader")  # type: ignore[call-arg]
    assert database.url().password == "s3cret/with@signs"
    assert "s3cret" not in repr(database)
    assert "s3cret" not in str(database.url())


def test_every_leaf_is_described() -> None:
    for branch in ("kafka", "metrics", "log"):
        fields = type(getattr(ServiceSettings(), branch)).model_fields.values()
        assert all(field.description for field in fields)
