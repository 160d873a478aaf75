"""Settings of the dispatcher."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.service_kit import Branch, DatabaseSettings, ServiceSettings
from services.job_dispatcher.sampling import SamplingRules


class SamplingSettings(Branch):
    """What happens when frames come faster than they can be processed."""

    enabled: bool = Field(
        default=True, description="index a random part of the live frames then; screen all"
    )
    least_fraction: float = Field(
        default=0.02, gt=0, le=1, description="of the live frames at least this part is indexed"
    )
    target_s: float = Field(
        default=1.0, gt=0, description="work that waits longer than this, and stays so, is too much"
    )
    complete_later: bool = Field(
        default=True, description="when there is room again, index what was only screened"
    )
    hold_s: float = Field(
        default=10.0, gt=0, description="how long there must be room before more is indexed again"
    )

    def rules(self) -> SamplingRules:
        """For the sampler."""
        return SamplingRules(
            least_fraction=self.least_fraction, target_s=self.target_s, hold_s=self.hold_s
        )


class DispatcherSettings(ServiceSettings):
    """STILLSTREAM_… variables of this service."""

    model_config = SettingsConfigDict(nested_model_default_partial_update=True)

    database: DatabaseSettings = DatabaseSettings.model_validate({"user": "editor"})
    chunk_frames: int = Field(
        default=4, ge=1, le=1000, description="frames in one chunk: few are quick and spread well"
    )
    sampling: SamplingSettings = SamplingSettings()
    reference_fraction: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="part of the fast lane's frames that goes through the dials lane as well",
    )
    catalogue_interval_s: float = Field(
        default=1.0, gt=0, description="how often the catalogue is asked for changes by people"
    )
