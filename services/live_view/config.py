"""Settings of the service, from the environment."""

from pathlib import Path

from pydantic import Field

from libs.service_kit import Branch, DatabaseSettings, ServiceSettings


class HttpSettings(Branch):
    """Where the page is served."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 takes any free one")


class LiveViewSettings(ServiceSettings):
    """The service's own settings."""

    http: HttpSettings = HttpSettings()  # type: ignore[call-arg]
    database: DatabaseSettings = DatabaseSettings()  # type: ignore[call-arg]
    assets_folder: Path = Field(
        Path("var/assets"), description="holds uPlot.iife.min.js and uPlot.min.css"
    )
    jobs_in_memory: int = Field(
        24, ge=2, description="jobs whose columns are kept; others are loaded when asked for"
    )
