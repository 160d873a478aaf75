"""Time on the wire: integer microseconds since 1970 UTC, always UTC."""

from datetime import UTC, datetime

US_PER_SECOND = 1_000_000


def us_from_seconds(seconds: float) -> int:
    """Seconds since 1970 as integer microseconds."""
    return round(seconds * US_PER_SECOND)


def us_from_datetime(moment: datetime) -> int:
    """A moment with a zone as microseconds; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: give it the source's zone")
    return us_from_seconds(moment.timestamp())


def datetime_from_us(ts_us: int) -> datetime:
    """The moment in UTC."""
    return datetime.fromtimestamp(ts_us / US_PER_SECOND, tz=UTC)
