"""Growing files: each result once, partial ends wait, bad lines cost themselves, restarts lose
nothing."""

from pathlib import Path

import pytest

from libs import messages as m
from libs.messages import JobState, Lane
from tests.external_adapter.builders import JOB, RUN, job, started
from tests.external_adapter.harness import Life, append, line, source

STREAM = (Path(__file__).parents[1] / "data/external/crystfel.stream").read_bytes()


async def test_lines_become_results_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "13.jsonl"
    append(path, line(0) + line(1) + line(2)[:-5])
    here = await Life(source(folder=tmp_path)).step(started(), job())
    assert here.frames() == [0, 1]
    append(path, line(2)[-5:] + line(3))
    await here.step()
    assert here.frames() == [0, 1, 2, 3]
    assert {(b.job, b.run, b.lane, b.file) for b in here.results()} == {
        (JOB, RUN, Lane.EXTERNAL, str(path))
    }


async def test_a_growing_stream_of_crystfel(tmp_path: Path) -> None:
    path = tmp_path / "13.stream"
    here = Life(source(folder=tmp_path, format="crystfel"))
    await here.step(started(), job())
    for start in range(0, len(STREAM), 700):
        append(path, STREAM[start : start + 700])
        await here.step(times=1)
    assert here.frames() == [0, 1]
    assert here.letters() == []


async def test_a_restart_goes_on_where_results_were_durable(tmp_path: Path) -> None:
    path = tmp_path / "13.jsonl"
    append(path, line(0) + line(1))
    first = await Life(source(folder=tmp_path)).step(started(), job())
    append(path, line(2))
    second = await Life(source(folder=tmp_path), first).step()
    assert (first.frames(), second.frames()) == ([0, 1], [2])


class KilledError(Exception):
    """The process is gone."""


async def test_killed_before_the_note_it_says_the_same_again(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", line(0) + line(1))
    first = Life(source(folder=tmp_path))
    publish = first.sink.publish

    async def die_at_notes(messages: list[m.Message], **options: object) -> None:
        if any(isinstance(message, m.CheckpointSegment) for message in messages):
            raise KilledError
        await publish(messages)

    first.sink.publish = die_at_notes  # type: ignore[method-assign,assignment]
    with pytest.raises(KilledError):
        await first.step(started(), job())
    second = await Life(source(folder=tmp_path), first).step()
    assert second.results() == first.results()


async def test_results_wait_for_their_job(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", line(0))
    here = await Life(source(folder=tmp_path)).step(started())
    assert here.sink.published == []
    await here.step(job())
    assert here.frames() == [0]


@pytest.mark.parametrize(
    "other",
    [
        job(state=JobState.STOPPED),
        job(state=JobState.DELETED),
        job(recipe=m.Recipe(phil="", d_min_angstrom=2.0, lane=Lane.DIALS)),
    ],
)
async def test_jobs_that_want_no_external_results_get_none(
    tmp_path: Path, other: m.JobChanged
) -> None:
    append(tmp_path / "13.jsonl", line(0))
    here = await Life(source(folder=tmp_path)).step(started(), other)
    assert here.results() == []


async def test_a_new_attempt_and_a_second_job_get_everything(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", line(0) + line(1))
    here = await Life(source(folder=tmp_path)).step(started(), job())
    await here.step(job(attempt=2))
    await here.step(job(job=m.job_id(RUN, 2, 1)))
    told = [(b.job[-9:], b.attempt, len(b.frames)) for b in here.results()]
    assert told == [("t001/g001", 1, 2), ("t001/g001", 2, 2), ("t002/g001", 1, 2)]


async def test_a_deleted_job_gets_no_more(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", line(0))
    here = await Life(source(folder=tmp_path)).step(started(), job())
    await here.forget(JOB)
    append(tmp_path / "13.jsonl", line(1))
    await here.step()
    assert here.frames() == [0]


async def test_a_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "13.jsonl"
    append(path, line(0) + line(1))
    here = await Life(source(folder=tmp_path)).step(started(), job())
    path.unlink()
    append(tmp_path / "other", b"")  # takes the inode that became free
    append(path, line(7))
    await here.step()
    assert here.frames() == [0, 1, 7]


async def test_a_bad_line_costs_itself_with_its_bytes(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", line(0) + b"\xff\x00 rubbish\n\n" + line(1))
    here = await Life(source(folder=tmp_path)).step(started(), job())
    (letter,) = here.letters()
    assert here.frames() == [0, 1]
    assert (letter.topic, letter.value) == ("file:jet-a", b"\xff\x00 rubbish")
    assert letter.offset == len(line(0))


async def test_a_line_without_end_is_given_up(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", b"x" * 10_000 + b"\n" + line(1))
    here = Life(source(folder=tmp_path), window_bytes=1024, largest_bytes=4096)
    await here.step(started(), job(), times=5)
    assert here.frames() == [1]
    assert len(here.letters()) >= 1


async def test_the_run_number_can_be_a_folders_name(tmp_path: Path) -> None:
    (tmp_path / "13").mkdir()
    append(tmp_path / "13/result.jsonl", line(0))
    said = source(folder=tmp_path, patterns=("*/result.jsonl",), run_number="^([^/]+)/")
    assert (await Life(said).step(started(), job())).frames() == [0]


async def test_a_run_that_nobody_else_announces(tmp_path: Path) -> None:
    append(tmp_path / "13.jsonl", line(0))
    said = source(folder=tmp_path, announce_runs=True, period_s=0.1)
    here = await Life(said).step()
    (run,) = here.published(m.RunStarted)
    assert isinstance(run, m.RunStarted)
    assert (run.run, run.period_us) == (RUN, 100_000)
    await here.step(job())
    assert here.frames() == [0]
    again = await Life(said, here).step(run)
    assert again.published(m.RunStarted) == []
