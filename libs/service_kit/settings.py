"""The settings that services share; the environment is read when a tree is made, nowhere else.

Variables are named STILLSTREAM_<BRANCH>__<LEAF>; passwords come from files.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL


class Branch(BaseModel):
    """A part of a settings tree: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(Branch):
    """Where the broker is."""

    bootstrap: str = Field("127.0.0.1:9092", description="host:port of one or more brokers")


class MetricsSettings(Branch):
    """Where Prometheus finds this service."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(0, ge=0, le=65535, description="port to listen on; 0 takes any free one")


class LogSettings(Branch):
    """How the service logs."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest")
    format: Literal["json", "console"] = Field("json", description="JSON lines, or text")


class DatabaseSettings(Branch):
    """A MySQL-compatible database and the account to use."""

    host: str = Field("127.0.0.1", description="address of the server")
    port: int = Field(3307, ge=1, le=65535, description="port of the server")
    name: str = Field("stillstream", description="database")
    user: str = Field("reader", description="account: owner, writer, editor or reader")
    password_file: Path | None = Field(None, description="file that holds the account's password")

    def url(self) -> URL:
        """The address for SQLAlchemy; raises OSError when the password file cannot be read."""
        password = self.password_file.read_text().strip() if self.password_file else None
        return URL.create(
            "mysql+asyncmy",
            username=self.user,
            password=password,
            host=self.host,
            port=self.port,
            database=self.name,
            query={"charset": "utf8mb4"},
        )


class ServiceSettings(BaseSettings):
    """The tree of one service; subclasses add their own branches."""

    model_config = SettingsConfigDict(
        env_prefix="STILLSTREAM_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    kafka: KafkaSettings = KafkaSettings()  # type: ignore[call-arg]
    metrics: MetricsSettings = MetricsSettings()  # type: ignore[call-arg]
    log: LogSettings = LogSettings()  # type: ignore[call-arg]
