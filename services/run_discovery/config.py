"""Settings: the service's from the environment, the sources from a TOML file.

The file holds one `[[sources]]` table for each watched folder; unknown names are errors.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from libs.messages.units import us_from_seconds
from libs.service_kit import Branch, ServiceSettings
from services.run_discovery.sightings import Mode, Source

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]
Pattern = Annotated[str, Field(pattern=r"^[^/]+$")]
DEFAULT_PATTERNS = {
    Mode.STATUS_FILE: ("*.h5", "*.nxs"),
    Mode.IMAGE_FILES: ("*.cbf", "*.cbf.bz2", "*.cbf.gz"),
}
DEFAULT_NUMBERS = {Mode.STATUS_FILE: r"_(\d+)$", Mode.IMAGE_FILES: r"(\d+)$"}


class SourcesError(ValueError):
    """The sources file cannot be used: what is wrong, where, what to do."""


class SourceSettings(BaseModel):
    """One watched folder; its sub-folders are the runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="names the source; part of every run's identity")
    experiment: Name = Field(description="experiment tag")
    folder: Path = Field(description="holds one folder for each run; may appear later")
    mode: Mode = Field(description="status_file or image_files")
    patterns: tuple[Pattern, ...] = Field((), description="names of data files; default by mode")
    exclude: tuple[Pattern, ...] = Field(
        ("*_data_[0-9][0-9][0-9][0-9][0-9][0-9].h5", "*_meta.h5"),
        description="files that match `patterns` but belong to a master file",
    )
    file_number: str | None = Field(
        None, description="regular expression on the name without its suffixes; group 1 counts"
    )
    frames_expected: int | None = Field(None, ge=1, description="a run with so many frames is over")
    finished_after_s: float | None = Field(
        None, gt=0, description="a run that did not grow for so long is over"
    )
    settled_s: float = Field(1.0, ge=0, description="see docs/how-to/real-folder.md")
    unreadable_after_s: float = Field(
        10.0, ge=0, description="a cut-off file left alone for so long becomes an unreadable frame"
    )
    frames_per_file: int = Field(
        10_000_000,
        ge=1,
        description="without sequence_number, frame = (file number - first) × this + index",
    )
    first_file_number: int = Field(1, ge=0, description="number in the name of a run's first file")
    time_zone: str = Field("UTC", description="zone of stamps that carry none, e.g. Europe/Zurich")
    period_s: float | None = Field(None, gt=0, description="time between two frames, if steady")
    tags: tuple[str, ...] = Field((), description="tags that every new run gets")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"{value!r} is no time zone (use a name like Europe/Zurich)"
            ) from error
        return value

    @field_validator("file_number")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        try:
            if value is not None and re.compile(value).groups != 1:
                raise ValueError(f"{value!r} must have exactly one group, such as (\\d+)$")
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _can_end(self) -> Self:
        never = self.frames_expected is None and self.finished_after_s is None
        if self.mode is Mode.IMAGE_FILES and never:
            raise ValueError(
                "a run of image_files would never end: set frames_expected or finished_after_s"
            )
        return self

    def all_patterns(self) -> tuple[str, ...]:
        """The patterns given, or those of the mode."""
        return self.patterns or DEFAULT_PATTERNS[self.mode]

    def number_pattern(self) -> re.Pattern[str]:
        """How the number is found in a file's name."""
        return re.compile(self.file_number or DEFAULT_NUMBERS[self.mode])

    def rules(self) -> Source:
        """What the core needs to know."""
        return Source(
            name=self.name,
            experiment=self.experiment,
            mode=self.mode,
            frames_expected=self.frames_expected,
            finished_after_s=self.finished_after_s,
            settled_s=self.settled_s,
            unreadable_after_s=self.unreadable_after_s,
            frames_per_file=self.frames_per_file,
            first_file_number=self.first_file_number,
            time_zone=self.time_zone,
            period_us=None if self.period_s is None else us_from_seconds(self.period_s),
            tags=self.tags,
        )


class SourcesFile(Branch):
    """The whole file."""

    sources: tuple[SourceSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _different(self) -> Self:
        names = [(source.experiment, source.name) for source in self.sources]
        twice = sorted({"/".join(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice: runs would share identities")
        return self


class RunDiscoverySettings(ServiceSettings):
    """The service's own settings."""

    sources_file: Path = Field(description="TOML file with the list of sources")
    scan_interval_s: float = Field(0.25, gt=0, description="pause between two looks at the disk")
    rescan_finished_s: float = Field(
        30.0, ge=0, description="pause between two looks at a run that has ended"
    )


def load_sources(path: Path) -> tuple[SourceSettings, ...]:
    """The sources of a file, relative folders taken from its own; raises SourcesError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourcesError(
            f"{path} cannot be read ({error}): name a file in STILLSTREAM_SOURCES_FILE"
        ) from error
    except ValueError as error:
        raise SourcesError(f"{path} is no TOML file: {error}") from error
    try:
        sources = SourcesFile.model_validate(content).sources
    except ValidationError as error:
        raise SourcesError(f"{path}: {_in_words(error)}") from error
    home = path.resolve().parent
    return tuple(s.model_copy(update={"folder": home / s.folder.expanduser()}) for s in sources)


def _in_words(error: ValidationError) -> str:
    problems = (
        "{}: {}".format(".".join(map(str, e["loc"])) or "file", e["msg"]) for e in error.errors()
    )
    return "; ".join(problems)
