"""When a frame was taken: stamps in CBF headers, and the order of sources."""

import pytest

from libs.diffraction import FrameTask
from libs.diffraction.cbf_clock import cbf_stamp
from libs.diffraction.event_time import event_time, event_time_without_file
from libs.diffraction.raw_frame import FrameClock
from libs.messages import FrameNumber, Recipe, TimestampSource, job_id
from tests.diffraction.conftest import DATA, RUN


def work(**choices: object) -> FrameTask:
    defaults: dict[str, object] = {
        "job": job_id(RUN, 0, 0),
        "attempt": 0,
        "run": RUN,
        "frame": FrameNumber(4),
        "file": "a.cbf",
        "index_in_file": 2,
        "recipe": Recipe(phil="", d_min_angstrom=2.0),
    }
    return FrameTask(**{**defaults, **choices})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "stamp"),
    [
        (b"###CBF\n# 2019-09-11T13:20:28.989\n", "2019-09-11T13:20:28.989"),
        (b"###CBF\r\n# 2019/Sep/11 13:20:28.989\r\n", "2019-09-11T13:20:28.989"),
        (b"# 2019-09-11T13:20:28Z\n", "2019-09-11T13:20:28Z"),
        (b"# 2019-09-11T13:20:28.123456789\n", "2019-09-11T13:20:28.123456"),
        (b"_diffrn_scan_frame.date 2013-03-01T06:08Z58.401\n", "2013-03-01T06:08:58.401Z"),
        (b"data_Cxi_2013-03-01T06:08Z58.401\r\n", "2013-03-01T06:08:58.401Z"),
        (b"###CBF\n# no date\n", None),
    ],
)
def test_stamps_in_headers(header: bytes, stamp: str | None) -> None:
    assert cbf_stamp(header) == stamp


def test_the_stamp_of_a_real_image() -> None:
    image = DATA / "thermolysin_cspad" / "idx-20130301060858401.cbf"
    assert cbf_stamp(image.read_bytes()) == "2013-03-01T06:08:58.401Z"


def test_a_stamp_without_zone_is_in_the_zone_of_its_source() -> None:
    clock = FrameClock(stamp_text="2019-09-11T13:20:28.989")
    summer = event_time(clock, work(time_zone="Europe/London"))
    assert summer == (1_568_204_428_989_000, TimestampSource.FRAME)
    assert event_time(clock, work())[0] == 1_568_208_028_989_000


def test_a_stamp_with_zone_keeps_it() -> None:
    clock = FrameClock(stamp_text="2019-09-11T13:20:28.989Z")
    assert event_time(clock, work(time_zone="Asia/Tokyo"))[0] == 1_568_208_028_989_000


def test_the_frame_s_own_stamp_comes_first() -> None:
    clock = FrameClock(stamp_us=5, stamp_text="2019-09-11T13:20:28Z", start_text="2020-01-01")
    assert event_time(clock, work(period_us=1, run_started_us=1)) == (5, TimestampSource.FRAME)


def test_start_of_the_series_and_its_period() -> None:
    clock = FrameClock(start_text="1970-01-01T00:00:10Z", period_s=0.5, modified_us=1)
    expected = (11_000_000, TimestampSource.RUN_START_AND_PERIOD)
    assert event_time(clock, work()) == expected


def test_start_of_the_run_and_its_period() -> None:
    expected = (1_040, TimestampSource.RUN_START_AND_PERIOD)
    assert event_time(FrameClock(), work(run_started_us=1_000, period_us=10)) == expected
    assert event_time_without_file(work(run_started_us=1_000, period_us=10)) == expected


def test_the_file_s_time_as_announced_before_as_found() -> None:
    clock = FrameClock(modified_us=9)
    assert event_time(clock, work(written_us=7)) == (7, TimestampSource.FILE_TIME)
    assert event_time(clock, work()) == (9, TimestampSource.FILE_TIME)


def test_nonsense_in_a_header_is_no_stamp() -> None:
    clock = FrameClock(stamp_text="2019-99-99T13:20:28", modified_us=3)
    assert event_time(clock, work()) == (3, TimestampSource.FILE_TIME)
