"""Settings: the service's from the environment, the sources from a TOML file.

The file holds one `[[sources]]` table for each place where another system leaves its results;
without a file there is nothing to adapt.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from libs.external_results import FORMATS, Format
from libs.service_kit import Branch, ServiceSettings

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]


class ExternalSourcesError(ValueError):
    """The sources file cannot be used: what is wrong, where, what to do."""


class ExternalSource(BaseModel):
    """A folder of growing files, or a topic of JSON objects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="names the other system; shown as the worker of its results")
    experiment: Name = Field(description="experiment tag of the runs")
    runs_of: Name | None = Field(None, description="source of the runs; default: `name`")
    format: Literal["json_lines", "crystfel"] = Field("json_lines", description="of the results")
    folder: Path | None = Field(None, description="holds the files; may appear later")
    topic: str | None = Field(None, description="Kafka topic, one JSON object a message")
    patterns: tuple[str, ...] = Field((), description="globs below the folder; default by format")
    run_number: str = Field(
        r"([^/]+)$",
        description="regular expression on a file's path below the folder, without its suffix; "
        "group 1 is the run's number",
    )
    announce_runs: bool = Field(False, description="announce runs that nobody else announces")
    first_frame: int = Field(
        0, ge=0, le=1 << 40, description="our number of the frame that the system calls 0"
    )
    period_s: float | None = Field(None, gt=0, description="time between two frames, if steady")

    @field_validator("run_number")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            if re.compile(value).groups != 1:
                raise ValueError(f"{value!r} must have exactly one group, such as ([^/]+)$")
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.folder is None) == (self.topic is None):
            raise ValueError("give either a folder or a topic")
        if self.topic is not None and self.format != "json_lines":
            raise ValueError("a topic holds json_lines: one JSON object a message")
        return self

    @property
    def reads(self) -> Format:
        """How its bytes are read."""
        return FORMATS[self.format]

    @property
    def run_source(self) -> str:
        """The source in the identity of its runs."""
        return self.runs_of or self.name

    @property
    def period_us(self) -> int | None:
        """The period in µs."""
        return None if self.period_s is None else round(self.period_s * 1e6)


class ExternalSourcesFile(Branch):
    """The whole file."""

    sources: tuple[ExternalSource, ...] = ()

    @model_validator(mode="after")
    def _different(self) -> Self:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return self


class ExternalAdapterSettings(ServiceSettings):
    """The service's own settings."""

    sources_file: Path | None = Field(default=None, description="TOML file; none: nothing to do")


def load_sources(path: Path | None) -> tuple[ExternalSource, ...]:
    """The sources of a file, relative folders taken from its own; raises ExternalSourcesError."""
    if path is None:
        return ()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = ExternalSourcesFile.model_validate(content).sources
    except OSError as error:
        raise ExternalSourcesError(
            f"{path} cannot be read ({error}): name a file in STILLSTREAM_SOURCES_FILE"
        ) from error
    except ValidationError as error:
        raise ExternalSourcesError(f"{path}: {_in_words(error)}") from error
    except ValueError as error:
        raise ExternalSourcesError(f"{path} is no TOML file: {error}") from error
    home = path.resolve().parent
    return tuple(
        s.model_copy(update={"folder": home / s.folder.expanduser()}) if s.folder else s
        for s in sources
    )


def _in_words(error: ValidationError) -> str:
    problems = (
        "{}: {}".format(".".join(map(str, e["loc"])) or "file", e["msg"]) for e in error.errors()
    )
    return "; ".join(problems)
