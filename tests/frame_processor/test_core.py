"""What is done with a chunk, and how results are put together."""

import numpy as np
import pytest

from libs.diffraction import FrameTask
from libs.diffraction.tasks import FramePictures
from libs.messages import (
    BadMessageError,
    FrameNumber,
    JobState,
    Lane,
    Recipe,
    encode,
    selected_for_indexing,
)
from services.frame_processor.core import (
    JobStates,
    Origin,
    archive_place,
    batch_of,
    check_chunk,
    places,
    with_stages,
)
from tests.frame_processor.examples import JOB, RUN, changed, chunk, result_of, span

ORIGIN = Origin(worker="host/1", versions={"dials": "3"})


def task(frame: int, file: str = "/data/a.h5") -> FrameTask:
    return FrameTask(
        job=JOB, attempt=1, run=RUN, frame=FrameNumber(frame), file=file, index_in_file=frame,
        recipe=chunk().recipe,
    )  # fmt: skip


def test_places_follow_the_spans() -> None:
    work = chunk(spans=(span(5, 2), span(0, 1, "/data/b.h5")))
    found = [(p.file, p.index_in_file, p.frame) for p in places(work)]
    assert found == [("/data/a.h5", 5, 5), ("/data/a.h5", 6, 6), ("/data/b.h5", 0, 0)]


def test_sampling_is_that_of_the_messages() -> None:
    work = chunk(spans=(span(0, 200),), index_fraction=0.3)
    chosen = [place.frame for place in places(work) if place.index]
    assert chosen == [f for f in range(200) if selected_for_indexing(RUN, FrameNumber(f), 0.3)]
    assert 30 < len(chosen) < 90


def test_an_unknown_job_is_wanted() -> None:
    assert JobStates().wants(chunk())


@pytest.mark.parametrize("state", [JobState.STOPPED, JobState.DELETED, JobState.OTHER])
def test_work_of_a_job_that_is_not_active_is_not_wanted(state: JobState) -> None:
    states = JobStates()
    states.apply(changed(state))
    assert not states.wants(chunk())


def test_work_of_an_older_attempt_is_not_wanted() -> None:
    states = JobStates()
    states.apply(changed(JobState.ACTIVE, attempt=2))
    assert not states.wants(chunk(attempt=1))
    assert states.wants(chunk(attempt=2))
    assert states.wants(chunk(attempt=3))


def test_news_of_an_older_attempt_change_nothing() -> None:
    states = JobStates()
    states.apply(changed(JobState.STOPPED, attempt=2))
    states.apply(changed(JobState.ACTIVE, attempt=1))
    assert not states.wants(chunk(attempt=2))


def test_a_deleted_job_stays_deleted() -> None:
    states = JobStates()
    states.forget(JOB)
    assert not states.wants(chunk(attempt=60))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"spans": ()}, "no frames"),
        ({"spans": (span(0, 0),)}, "impossible frames"),
        ({"spans": (span(-1, 1),)}, "impossible frames"),
        ({"spans": (span(0, 10**9),)}, "at most"),
        ({"spans": (span(file=""),)}, "no file"),
        ({"attempt": 70_000}, "attempt"),
        ({"attempt": -1}, "attempt"),
        ({"index_fraction": float("nan")}, "index_fraction"),
        ({"time_zone": "Moon/Base"}, "time zone"),
        ({"time_zone": "../../etc/passwd"}, "time zone"),
        ({"recipe": Recipe(phil="", d_min_angstrom=-1.0)}, "d_min"),
        ({"recipe": Recipe(phil="", d_min_angstrom=2.0, timeout_cpu_s=0.0)}, "time limits"),
        ({"recipe": Recipe(phil="", d_min_angstrom=2.0, lane=Lane.EXTERNAL)}, "lane external"),
    ],
)
def test_impossible_work_is_refused_in_words(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(BadMessageError, match=words):
        check_chunk(chunk(**wrong))


def test_good_work_passes() -> None:
    check_chunk(chunk())


def test_stages_and_the_file_only_where_it_differs() -> None:
    work = chunk(spans=(span(0, 1), span(1, 1, "/data/b.h5")))
    first, second = places(work)
    one = with_stages(result_of(task(0)), work, first, 4_000, 5_000)
    other = with_stages(result_of(task(1, "/data/b.h5")), work, second, 4_000, 5_000)
    assert (one.file, other.file) == (None, "/data/b.h5")
    stages = one.stages_us
    assert (stages.written, stages.announced, stages.dispatched) == (1_000, 2_000, 3_000)
    assert (stages.taken, stages.done) == (4_000, 5_000)


def test_a_batch_is_in_frame_order_and_does_not_depend_on_arrival() -> None:
    results = [result_of(task(frame)) for frame in (2, 0, 1)]
    batch = batch_of(chunk(), results, ORIGIN)
    assert [frame.frame for frame in batch.frames] == [0, 1, 2]
    assert encode(batch) == encode(batch_of(chunk(), results[::-1], ORIGIN))


def test_a_batch_carries_the_mean_of_its_pictures() -> None:
    pictures = [
        FramePictures(
            radial_mean=np.array(profile, "<f4").tobytes(),
            spot_distances=np.array(counts, "<u4").tobytes(),
        )
        for profile, counts in (([1.0, 2.0], [1, 0]), ([3.0, 4.0], [2, 5]))
    ]
    batch = batch_of(chunk(), [result_of(task(0))], ORIGIN, pictures)
    assert batch.radial_profile is not None
    assert batch.spot_distances is not None
    assert np.frombuffer(batch.radial_profile.mean, "<f4").tolist() == [2.0, 3.0]
    assert np.frombuffer(batch.spot_distances.counts, "<u4").tolist() == [3, 5]
    assert batch.radial_profile.n_frames == batch.spot_distances.n_frames == 2


def test_archive_names_are_safe_and_the_same_for_every_delivery() -> None:
    folder, name = archive_place(chunk(7, job="../..//x/é y"))
    assert folder == "_/_/_/x/__y"
    assert name == "chunk_000007_attempt_1"
