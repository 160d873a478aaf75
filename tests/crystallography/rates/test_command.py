"""`stillstream rates` on files of frame results."""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from libs.command_line.rates import command
from libs.crystallography.rates import JobStatistics, Rules
from libs.messages import Cutoffs, FrameResult, Shells
from tests.crystallography.rates.builders import JOB, RUN, batch, lattice, result, shells


def line(frame: FrameResult, **shared: object) -> str:
    """What `stillstream process --json` prints for a frame: shell tables are lists."""
    fields = msgspec.to_builtins(frame) | {"job": JOB, "attempt": 1, "run": RUN, "lane": "dials"}
    fields["file"] = "/data/a.cbf"
    for one, written in zip(frame.lattices, fields["lattices"] if frame.lattices else ()):  # noqa: B905
        if one.shells is not None:
            written["shells"] = _readable(one.shells)
    return json.dumps(fields | shared)


def _readable(table: Shells) -> dict[str, object]:
    names = ("n", "n_positive", "mean", "mean_positive")
    columns = zip(names, table.columns(), strict=True)
    return {"d_min_angstrom": table.d_min_angstrom} | {
        name: [None if np.isnan(v) else v for v in column.tolist()] for name, column in columns
    }


def run(tmp_path: Path, lines: Sequence[str], *options: str) -> Result:
    file = tmp_path / "results.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return CliRunner().invoke(command, [str(file), *options])


FRAMES = [
    result(
        i,
        n_strong=10 * i,
        solvent_ratio=0.9 + 0.01 * i,
        d_min_contiguous=2.2 if i % 3 == 0 else None,
        lattices=(lattice(shells([9, 8, 7, 6, 5, 4, 3, np.nan, 1, 1])),) * (i % 3 == 0),
    )
    for i in range(25)
]


def test_json_holds_bar_series_windows_and_advice(tmp_path: Path) -> None:
    answer = run(tmp_path, [line(f) for f in FRAMES], "--json")
    assert answer.exit_code == 0, answer.output
    content = json.loads(answer.output)
    expected = JobStatistics()
    expected.upsert(batch(FRAMES))
    bar = expected.summary()
    assert content["summary"]["n_hits"] == bar.n_hits
    assert content["summary"]["rates"]["indexing"]["value"] == bar.rates.indexing.value
    assert content["series"]["solvent_rate"] == expected.series().solvent_rate.tolist()
    assert content["series"]["frame"] == list(range(25))
    assert content["live"]["10s"]["n_processed"] == 25
    assert content["live"]["10s"]["rates"]["multi_lattice"]["value"] == 0.0
    assert content["advice"] == []


@pytest.mark.parametrize(
    ("options", "cutoffs"),
    [
        (["--hit-cutoff", "16"], Cutoffs(hit=16)),
        (["--solvent-cutoff", "1.1"], Cutoffs(solvent=1.1)),
        (["--lattices-cutoff", "1"], Cutoffs(lattices=1)),
        (["--d-min-quality", "2.1"], Cutoffs(d_min_quality_angstrom=2.1)),
        (["--i-sigi-cutoff", "5"], Cutoffs(i_sigi=5.0)),
    ],
)
def test_cutoffs_can_be_changed(tmp_path: Path, options: list[str], cutoffs: Cutoffs) -> None:
    content = json.loads(run(tmp_path, [line(f) for f in FRAMES], "--json", *options).output)
    expected = JobStatistics(Rules(cutoffs=cutoffs))
    expected.upsert(batch(FRAMES))
    bar = expected.summary()
    for name in ("n_hits", "n_solvent", "n_multi_lattice", "n_high_quality"):
        assert content["summary"][name] == getattr(bar, name)


def test_text_names_denominators(tmp_path: Path) -> None:
    answer = run(tmp_path, [line(f) for f in FRAMES])
    assert "25 processed, 21 hits, 9 indexed" in answer.output
    assert "9 of 25" in answer.output


def test_a_bad_line_costs_itself_and_the_exit_status(tmp_path: Path) -> None:
    bad = [
        "{", "[1]", "null", "{}", line(FRAMES[0], ts_us=2**62), line(FRAMES[0], job=[]),
        line(FRAMES[0], lattices=[{"shells": {"n": [1], "mean": ["x"]}}]),
        line(FRAMES[0], lattices=3), "[" * 5000,
    ]  # fmt: skip
    answer = run(tmp_path, [*(line(f) for f in FRAMES), *bad], "--json")
    assert answer.exit_code == 1
    for number in range(26, 26 + len(bad)):
        assert f"results.jsonl, line {number}: " in answer.stderr
    assert f"{len(bad)} lines" in answer.stderr
    assert json.loads(answer.stdout)["summary"]["n_processed"] == 25


def test_several_jobs_need_a_choice(tmp_path: Path) -> None:
    lines = [line(FRAMES[0]), line(FRAMES[1], job="other/job")]
    answer = run(tmp_path, lines)
    assert answer.exit_code == 1
    assert "--job other/job" in answer.output
    content = json.loads(run(tmp_path, lines, "--job", "other/job", "--json").output)
    assert content["series"]["frame"] == [1]
    assert run(tmp_path, lines, "--job", "nobody").exit_code == 1


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    content = json.loads(run(tmp_path, [], "--json").output)
    assert content["summary"]["rates"]["hit"] == {
        "numerator": 0, "denominator": 0, "value": None, "low": None, "high": None,
    }  # fmt: skip
    answer = CliRunner().invoke(command, [str(tmp_path / "nowhere.jsonl")])
    assert answer.exit_code == 1
    assert "nowhere.jsonl cannot be read" in answer.output
