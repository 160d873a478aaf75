"""From external frames to results: identity, outcome, event time; accepted by the statistics."""

import msgspec

from libs import messages as m
from libs.crystallography.rates import JobStatistics
from libs.external_results import EventTimes, ExternalFrame, batches_of, read_images
from services.database_sink.frame_rows import frame_rows
from tests.external_adapter.builders import JOB, job
from tests.external_results.test_jungfraujoch import LINES

TIMES = EventTimes(started_us=1_000_000, period_us=10_000, otherwise_us=7)


def frames() -> list[ExternalFrame]:
    return [frame for line in LINES for frame in read_images(line)]


def batches(times: EventTimes = TIMES, **options: int) -> list[m.FramesProcessed]:
    return list(batches_of(frames(), job(), times, system="jungfraujoch", file="/r", **options))


def test_results_belong_to_the_job_in_the_external_lane() -> None:
    (batch,) = batches()
    assert (batch.job, batch.attempt, batch.lane) == (JOB, 1, m.Lane.EXTERNAL)
    assert (batch.worker, batch.recipe) == ("external/jungfraujoch", job().recipe.hash)
    assert [f.frame for f in batch.frames] == [0, 1, 2, 3, 4]
    assert m.decode(m.topics.FRAMES, m.encode(batch)) is not None


def test_the_statistics_take_them() -> None:
    statistics = JobStatistics()
    for batch in batches():
        statistics.upsert(batch)
    bar = statistics.summary()
    assert (bar.n_processed, bar.n_selected, bar.n_tried) == (5, 4, 4)
    assert (bar.n_hits, bar.n_indexed, bar.n_multi_lattice, bar.n_solvent) == (4, 2, 1, 0)
    assert bar.n_high_quality == 2


def test_the_sink_takes_a_lattice_without_orientation() -> None:
    (batch,) = batches()
    (_, rows, *_) = frame_rows(batch, 1, {"/r": 1})
    assert len(rows.lattices[0].a_matrix) == 72


def test_event_times_say_where_they_come_from() -> None:
    assert {f.ts_source for f in batches()[0].frames} == {m.TimestampSource.RUN_START_AND_PERIOD}
    assert batches()[0].frames[3].ts_us == 1_030_000
    without = msgspec.structs.replace(frames()[0])
    times = EventTimes(started_us=1, period_us=None, otherwise_us=7)
    assert times.of(without) == (7, m.TimestampSource.FILE_TIME)
    own = msgspec.structs.replace(without, ts_us=99)
    assert times.of(own) == (99, m.TimestampSource.FRAME)


def test_an_absurd_number_gets_no_absurd_time() -> None:
    far = msgspec.structs.replace(frames()[0], number=1 << 51)
    assert TIMES.of(far) == (7, m.TimestampSource.FILE_TIME)


def test_frames_may_be_counted_from_another_number() -> None:
    assert [f.frame for f in batches(first_frame=1)[0].frames] == [1, 2, 3, 4, 5]
