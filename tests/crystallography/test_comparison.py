"""Two results of the same run, frame by frame."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from libs.command_line.compare import command
from libs.crystallography.comparison import Comparison, compare
from libs.crystallography.rates import JobStatistics
from libs.messages import FrameResult, FramesProcessed, Lane, Lattice
from libs.streams import RecordingWriter
from libs.streams.fakes import records_of
from tests.crystallography.rates.builders import JOB, batch, lattice, result


def wider(percent: float) -> Lattice:
    a, b, c, *angles = lattice().unit_cell
    cell = (a * (1 + percent / 100), b, c, *angles)
    return msgspec.structs.replace(lattice(), unit_cell=cell)


def indexed(frame: int, d_min: float, *lattices: Lattice, n_strong: int = 50) -> FrameResult:
    return result(frame, lattices=lattices, d_min_contiguous=d_min, n_strong=n_strong)


FIRST = batch(
    [result(1), indexed(2, 2.0, lattice()), indexed(3, 2.2, lattice()), indexed(5, 2.1, lattice())]
)
SECOND = batch(
    [
        result(1),
        indexed(2, 1.9, wider(1.0), n_strong=60),
        result(3),
        indexed(4, 2.0, lattice()),
        indexed(5, 2.0, wider(1.0), lattice(), n_strong=60),
    ],
    lane=Lane.FAST,
)


def found() -> Comparison:
    sides = []
    for message in (FIRST, SECOND):
        statistics = JobStatistics()
        statistics.upsert(message)
        sides.append(statistics)
    return compare(*sides)


def test_who_indexes_what() -> None:
    comparison = found()
    assert comparison.n_compared == 4
    assert (comparison.only_first, comparison.only_second) == ((), (4,))
    assert (comparison.n_indexed_by_both, comparison.n_indexed_by_neither) == (2, 1)
    assert (comparison.indexed_by_first, comparison.indexed_by_second) == ((3,), ())
    assert comparison.n_same_lattices == 1
    assert comparison.agreement == 0.75


def test_differences_are_second_minus_first() -> None:
    comparison = found()
    assert comparison.d_min_angstrom.n == 2
    assert comparison.d_min_angstrom.median == pytest.approx(-0.1)
    a, b, _ = comparison.cell_percent
    assert a.median == pytest.approx(1.0, abs=1e-4)
    assert b.median == pytest.approx(0.0, abs=1e-4)
    assert comparison.n_strong.high == pytest.approx(10)


def test_nothing_in_common() -> None:
    one, other = JobStatistics(), JobStatistics()
    one.upsert(batch([result(1)]))
    comparison = compare(one, other)
    assert comparison.agreement is None
    assert comparison.only_first == (1,)
    assert comparison.d_min_angstrom.median is None


def recorded(path: Path, *messages: FramesProcessed) -> str:
    with RecordingWriter(path) as writer:
        writer.write(records_of(messages))
    return str(path)


def test_the_command_finds_the_two_lanes(tmp_path: Path) -> None:
    files = [recorded(tmp_path / "a.rec", FIRST), recorded(tmp_path / "b.rec", SECOND)]
    answer = CliRunner().invoke(command, [*files, "--json"])
    assert answer.exit_code == 0, answer.output
    content = json.loads(answer.stdout)
    assert (content["first"], content["second"]) == (f"{JOB}@dials", f"{JOB}@fast")
    assert content["indexed_by_first"] == [3]
    text = CliRunner().invoke(command, files).stdout
    assert "only the first indexes: 3" in text
    assert "4 frames in both, 0 only in the first, 1 only in the second" in text
    turned = CliRunner().invoke(command, [*files, "--json", "--first", f"{JOB}@fast"])
    assert json.loads(turned.stdout)["indexed_by_second"] == [3]


def test_one_result_is_not_enough(tmp_path: Path) -> None:
    answer = CliRunner().invoke(command, [recorded(tmp_path / "a.rec", FIRST)])
    assert answer.exit_code == 1
    assert f"there are: {JOB}@dials" in answer.output
