"""Settings of the sink."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.service_kit import DatabaseSettings, ServiceSettings


class SinkSettings(ServiceSettings):
    """STILLSTREAM_… variables of this service."""

    model_config = SettingsConfigDict(nested_model_default_partial_update=True)

    database: DatabaseSettings = DatabaseSettings.model_validate({"user": "writer"})
    instance: str = Field(
        default="database_sink-0", description="static member of the consumer group"
    )
    batch_records: int = Field(default=2000, ge=1, description="records written in one transaction")
