"""Settings of the dispatcher."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.service_kit import DatabaseSettings, ServiceSettings


class DispatcherSettings(ServiceSettings):
    """STILLSTREAM_… variables of this service."""

    model_config = SettingsConfigDict(nested_model_default_partial_update=True)

    database: DatabaseSettings = DatabaseSettings.model_validate({"user": "editor"})
    chunk_frames: int = Field(
        default=4, ge=1, le=1000, description="frames in one chunk: few are quick and spread well"
    )
    catalogue_interval_s: float = Field(
        default=1.0, gt=0, description="how often the catalogue is asked for changes by people"
    )
