"""Settings of the service, from the environment."""

from pydantic import Field

from libs.service_kit import ServiceSettings


class AggregatorSettings(ServiceSettings):
    """The service's own settings."""

    publish_interval_s: float = Field(
        0.2, ge=0.2, description="pause between two looks for changed jobs: at most 5 a second"
    )
    checkpoint_interval_s: float = Field(
        5.0, gt=0, description="longest time of work that a crash makes us repeat"
    )
    condense_after_s: float = Field(
        120.0,
        gt=0,
        description="jobs without news for so long leave memory; they come back when needed",
    )
    instance: str = Field(
        "stats-aggregator-0",
        min_length=1,
        description="stable name of this process within the group; another one for each process",
    )
