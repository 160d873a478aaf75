"""When a frame was taken: its own stamp, else run start and period, else the file's time.

Stamps without a zone are read in the zone of their source. Never the time of arrival.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from libs.diffraction.raw_frame import FrameClock
from libs.diffraction.tasks import FrameTask
from libs.messages import TimestampSource
from libs.messages.units import us_from_datetime, us_from_seconds

EventTime = tuple[int, TimestampSource]


def event_time(clock: FrameClock, task: FrameTask) -> EventTime:
    """Event time (µs, UTC) and where it comes from."""
    zone = ZoneInfo(task.time_zone)
    if clock.stamp_us is not None:
        return clock.stamp_us, TimestampSource.FRAME
    if (stamp := _parse(clock.stamp_text, zone)) is not None:
        return stamp, TimestampSource.FRAME
    start = _parse(clock.start_text, zone)
    if start is not None and clock.period_s:
        offset = us_from_seconds(task.index_in_file * clock.period_s)
        return start + offset, TimestampSource.RUN_START_AND_PERIOD
    return event_time_without_file(task, clock.modified_us)


def event_time_without_file(task: FrameTask, modified_us: int | None = None) -> EventTime:
    """The same for a frame whose file says nothing, or cannot be read."""
    if task.run_started_us is not None and task.period_us:
        moment = task.run_started_us + task.frame * task.period_us
        return moment, TimestampSource.RUN_START_AND_PERIOD
    moment = task.written_us or modified_us or task.run_started_us or 0
    return moment, TimestampSource.FILE_TIME


def _parse(text: str | None, zone: ZoneInfo) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return us_from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=zone))
