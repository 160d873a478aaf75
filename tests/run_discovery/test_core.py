"""What is announced, when, and under which numbers."""

from dataclasses import replace

import pytest

from libs.messages import FramesArrived, RunEnded, RunStarted, TimestampSource
from services.run_discovery.core import MAX_SPANS
from services.run_discovery.sightings import Stretch
from tests.run_discovery.helpers import (
    HDF5,
    IMAGES,
    NOW_US,
    Discovery,
    file_seen,
    frames_of,
    run_seen,
)

HOUR_US = 3_600_000_000


def image(number: int, **changes: object):
    settings = {"path": f"/data/r1/x_{number:04d}.cbf", "number": number, "readable": 1}
    return file_seen(**(settings | changes))


def kinds(messages):
    return [type(m) for m in messages]


def test_a_growing_file_is_announced_while_it_grows():
    discovery = Discovery(HDF5)
    assert kinds(discovery.see(run_seen(file_seen(readable=3)))) == [RunStarted, FramesArrived]
    assert kinds(discovery.see(run_seen(file_seen(readable=3)))) == []
    later = discovery.see(run_seen(file_seen(readable=5)))
    assert [(index, frame) for *_, index, frame in frames_of(later)] == [(3, 3), (4, 4)]
    assert later[0].sequence == 1


def test_the_end_comes_once_and_with_the_number_of_frames():
    discovery = Discovery(HDF5)
    said = discovery.see(run_seen(file_seen(readable=3), finished=True))
    assert kinds(said) == [RunStarted, FramesArrived, RunEnded]
    assert said[-1].n_frames == 3
    assert discovery.see(run_seen(file_seen(readable=3), finished=True)) == []


def test_a_late_file_is_announced_after_the_end_and_the_end_is_corrected():
    discovery = Discovery(HDF5)
    first, second = file_seen(readable=3), file_seen("/data/r1/x_00002.h5", number=2, readable=2)
    discovery.see(run_seen(first, finished=True))
    said = discovery.see(run_seen(first, second, finished=True))
    assert kinds(said) == [FramesArrived, RunEnded]
    assert said[-1].n_frames == 5


def test_frame_numbers_of_several_files_do_not_depend_on_arrival():
    source = replace(HDF5, frames_per_file=1000)
    second = file_seen("/data/r1/x_00002.h5", number=2, readable=2)
    discovery = Discovery(source)
    discovery.see(run_seen(second))
    discovery.see(run_seen(file_seen(readable=1), second))
    assert [frame for *_, frame in frames_of(discovery.said)] == [1000, 1001, 0]


def test_files_without_a_number_get_places_of_their_own():
    discovery = Discovery(replace(HDF5, frames_per_file=10))
    a, b = (file_seen(f"/data/r1/{n}.h5", number=None, readable=2) for n in "ab")
    discovery.see(run_seen(a, b))
    assert [frame for *_, frame in frames_of(discovery.said)] == [0, 1, 10, 11]
    discovery.restart()
    discovery.see(run_seen(replace(a, readable=3), b))
    assert frames_of(discovery.said)[-1][1:] == ("/data/r1/a.h5", 2, 2)


def counted(path: str, *numbers: tuple[int, int], **changes: object):
    """A file whose own counter has these (first frame, count)."""
    pieces, index = [], 0
    for first, count in numbers:
        pieces.append(Stretch(first_index=index, first_frame=first, count=count))
        index += count
    return file_seen(path, readable=index, counter=tuple(pieces), **changes)


def test_the_files_own_counter_goes_first_gaps_and_all():
    discovery = Discovery(HDF5)
    discovery.see(run_seen(counted("/data/r1/x_00002.h5", (100, 2), number=2)))
    discovery.see(run_seen(counted("/data/r1/x_00002.h5", (100, 3), (107, 1), number=2)))
    discovery.see(run_seen(counted("/data/r1/x_00001.h5", (0, 2))))
    frames = [(index, frame) for *_, index, frame in frames_of(discovery.said)]
    assert frames == [(0, 100), (1, 101), (2, 102), (3, 107), (0, 0), (1, 1)]


def test_a_counter_that_starts_again_in_each_file_makes_no_number_twice():
    discovery = Discovery(replace(HDF5, frames_per_file=10))
    two = [counted(f"/data/r1/x_0000{n}.h5", (0, 3), number=n) for n in (1, 2)]
    discovery.see(run_seen(*two))
    discovery.restart()
    more = [counted(f"/data/r1/x_0000{n}.h5", (0, 4), number=n) for n in (1, 2)]
    discovery.see(run_seen(*more))
    frames = sorted(frame for *_, frame in frames_of(discovery.said))
    assert frames == [0, 1, 2, 3, 10, 11, 12, 13]


def test_frames_that_the_counter_does_not_reach_are_counted_on_at_the_end():
    discovery = Discovery(HDF5)
    short = counted("/data/r1/x_00001.h5", (5, 2), extent=4)
    discovery.see(run_seen(short, finished=True))
    assert [frame for *_, frame in frames_of(discovery.said)] == [5, 6, 7, 8]


def test_an_image_has_the_number_in_its_name():
    discovery = Discovery(IMAGES)
    discovery.see(run_seen(image(7), image(3)), NOW_US - HOUR_US)
    assert [frame for *_, frame in frames_of(discovery.said)] == [3, 7]


def test_an_image_compressed_in_place_is_the_same_frame():
    discovery = Discovery(IMAGES)
    discovery.see(run_seen(image(7)), NOW_US - HOUR_US)
    packed = image(7, path="/data/r1/x_0007.cbf.bz2", written_us=NOW_US)
    assert discovery.see(run_seen(packed), NOW_US - HOUR_US) == []


def test_an_unreadable_composite_file_is_one_frame_once_the_run_is_over():
    discovery = Discovery(HDF5)
    broken = file_seen(readable=None)
    assert discovery.see(run_seen(broken)) == []
    assert discovery.see(run_seen(replace(broken, quiet_s=1.0), finished=True)) == []
    said = discovery.see(run_seen(broken, finished=True))
    assert kinds(said) == [RunStarted, FramesArrived, RunEnded]
    assert [index for _, _, index, _ in frames_of(said)] == [0]


def test_a_file_that_heals_after_the_end_gives_its_other_frames():
    discovery = Discovery(HDF5)
    discovery.see(run_seen(file_seen(readable=None), finished=True))
    said = discovery.see(run_seen(file_seen(readable=3), finished=True))
    assert [index for _, _, index, _ in frames_of(said)] == [1, 2]


def test_frames_claimed_but_never_written_are_announced_at_the_end_only():
    discovery = Discovery(HDF5)
    holes = file_seen(readable=3, extent=5)
    assert len(frames_of(discovery.see(run_seen(holes)))) == 3
    assert discovery.see(run_seen(replace(holes, quiet_s=0.1), finished=True)) == []
    assert len(frames_of(discovery.see(run_seen(holes, finished=True)))) == 2


@pytest.mark.parametrize(
    ("quiet_s", "plausible", "expected"),
    [(0.5, True, 0), (1.5, True, 1), (1.5, False, 0), (11.0, False, 1)],
)
def test_an_image_that_is_not_surely_whole_waits(quiet_s, plausible, expected):
    unsure = image(1, readable=None, plausible=plausible, quiet_s=quiet_s)
    assert len(frames_of(Discovery(IMAGES).see(run_seen(unsure), NOW_US - HOUR_US))) == expected


def test_a_run_of_images_ends_by_count():
    discovery = Discovery(replace(IMAGES, frames_expected=2, finished_after_s=None))
    assert kinds(discovery.see(run_seen(image(1)))) == [RunStarted, FramesArrived]
    assert kinds(discovery.see(run_seen(image(1), image(2)))) == [FramesArrived, RunEnded]


def test_a_run_of_images_ends_by_age():
    discovery = Discovery(IMAGES)
    young, old = NOW_US - HOUR_US + 59_000_000, NOW_US - HOUR_US + 60_000_000
    assert RunEnded not in kinds(discovery.see(run_seen(image(1)), young))
    assert kinds(discovery.see(run_seen(image(1)), old)) == [RunEnded]


def test_age_does_not_end_a_run_while_a_file_may_yet_be_announced():
    discovery = Discovery(IMAGES)
    said = discovery.see(run_seen(image(1), image(2, readable=None, quiet_s=5.0)))
    assert RunEnded not in kinds(said)


def test_an_empty_folder_is_no_run_but_a_finished_one_is():
    assert Discovery(IMAGES).see(run_seen()) == []
    assert Discovery(HDF5).see(run_seen()) == []
    assert kinds(Discovery(HDF5).see(run_seen(finished=True))) == [RunStarted, RunEnded]


def test_rewritten_images_are_a_new_version():
    discovery = Discovery(IMAGES)
    discovery.see(run_seen(image(1), image(2)))
    again = [image(n, written_us=NOW_US) for n in (1, 2)]
    said = discovery.see(run_seen(*again))
    assert said[0].version == 2
    assert {run for run, *_ in frames_of(said)} == {"common/beamline/r1/v2"}


def test_one_image_touched_is_not_a_new_version():
    discovery = Discovery(IMAGES)
    discovery.see(run_seen(image(1), image(2)))
    assert discovery.see(run_seen(image(1, written_us=NOW_US), image(2))) == []


def test_a_shorter_composite_file_is_a_new_version():
    discovery = Discovery(HDF5)
    discovery.see(run_seen(file_seen(readable=9)))
    assert discovery.see(run_seen(file_seen(readable=2))) == []  # a stale view: the time is old
    said = discovery.see(run_seen(file_seen(readable=2, written_us=NOW_US)))
    assert said[0].run == "common/beamline/r1/v2"
    assert said[1].sequence == 0


def test_another_start_time_in_the_file_is_a_new_version():
    discovery = Discovery(HDF5)
    discovery.see(run_seen(file_seen(readable=2, start_us=5)))
    assert discovery.see(run_seen(file_seen(readable=2, start_us=5))) == []
    said = discovery.see(run_seen(file_seen(readable=2, start_us=6)))
    assert said[0].version == 2


def test_a_vanished_file_changes_nothing():
    discovery = Discovery(HDF5)
    second = file_seen("/data/r1/x_00002.h5", number=2, readable=2, start_us=6)
    discovery.see(run_seen(file_seen(readable=2, start_us=5), second))
    assert discovery.see(run_seen(second)) == []
    assert discovery.see(run_seen()) == []


def test_the_start_is_the_files_own_else_the_oldest_file_time():
    seen = run_seen(image(1), image(2, written_us=NOW_US - 2 * HOUR_US))
    said = Discovery(IMAGES).see(seen)
    assert said[0].started_us == NOW_US - 2 * HOUR_US
    assert said[0].started_source is TimestampSource.FILE_TIME
    own = Discovery(HDF5).see(run_seen(file_seen(readable=1, start_us=77, period_us=100)))[0]
    assert (own.started_us, own.period_us) == (77, 100)
    assert own.started_source is TimestampSource.RUN_START_AND_PERIOD


def test_a_full_folder_is_announced_in_messages_of_bounded_size():
    said = Discovery(IMAGES).see(run_seen(*(image(n) for n in range(2 * MAX_SPANS + 1))))
    batches = [m for m in said if isinstance(m, FramesArrived)]
    assert [len(m.spans) for m in batches] == [MAX_SPANS, MAX_SPANS, 1]
    assert [m.sequence for m in batches] == [0, 1, 2]
