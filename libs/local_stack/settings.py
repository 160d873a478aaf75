"""The settings of the local stack, from deploy/local/settings.toml; what a service needs beyond
them travels in its environment (services.py)."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.local_stack.errors import SettingsError

Port = Annotated[int, Field(ge=0, le=65535)]


class Branch(BaseModel):
    """A part of the tree: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MetricsPorts(Branch):
    """Where each service shows its metrics."""

    run_discovery: Port = 9401
    job_dispatcher: Port = 9402
    frame_processor: Port = 9403
    stats_aggregator: Port = 9404
    database_sink: Port = 9405
    live_view: Port = 9406
    external_adapter: Port = 9407


class Ports(Branch):
    """Every port of the stack; 0 takes any free one."""

    kafka: Port = 9092
    kafka_controller: Port = 9093
    mariadb: Port = 3307
    prometheus: Port = 9090
    grafana: Port = 3000
    live_view: Port = 8080
    metrics: MetricsPorts = MetricsPorts()


class Memory(Branch):
    """What the big processes may take."""

    kafka_heap_min_mb: int = Field(256, ge=32, description="Java heap at start")
    kafka_heap_max_mb: int = Field(512, ge=128, description="largest Java heap")
    mariadb_buffer_mb: int = Field(128, ge=16, description="InnoDB buffer pool")


class Processing(Branch):
    """How frames are processed."""

    workers: int = Field(0, ge=0, description="DIALS worker processes; 0: one per core")
    sampling: bool = Field(True, description="index a random part of the frames under overload")


class Log(Branch):
    """How much the services say."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest shown")


class StackSettings(Branch):
    """The whole file."""

    ports: Ports = Ports()
    memory: Memory = Memory()  # type: ignore[call-arg]
    processing: Processing = Processing()  # type: ignore[call-arg]
    log: Log = Log()  # type: ignore[call-arg]


def load_settings(path: Path) -> StackSettings:
    """Read a settings file; raises SettingsError."""
    try:
        return StackSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no TOML file: {error}") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {_in_words(error)}; correct or remove it") from error


def _in_words(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
