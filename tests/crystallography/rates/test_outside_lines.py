"""`stillstream rates` on lines that others wrote: shuffled, repeated, sparse, odd or wrong."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from libs.command_line.rates import command
from libs.command_line.result_lines import message_of
from libs.messages import FrameResult, Outcome
from tests.crystallography.rates.builders import START_US
from tests.crystallography.rates.test_command import line, run
from tests.crystallography.rates.test_series import cctbx_series, random_frames

SERIES = ("solvent_rate", "indexing_rate", "multi_lattice_rate", "high_quality_rate")


def sparse(frame: FrameResult) -> dict[str, Any]:
    """No more than the rates need, numbers as another program might write them."""
    return {
        "frame": float(frame.frame),
        "ts_us": float(frame.ts_us),
        "outcome": "processed",
        "n_strong": float(frame.n_strong),
        "solvent_ratio": frame.solvent_ratio,
        "d_min_contiguous": frame.d_min_contiguous or float("nan"),
        "lattices": [{} for _ in frame.lattices] or None,
        "beam_energy_ev": 12_400,
    }


def outsiders(frames: list[FrameResult], seed: int) -> list[str]:
    """Their lines out of order, some of them twice."""
    rng = random.Random(seed)
    lines = [json.dumps(sparse(frame)) for frame in frames]
    lines += rng.sample(lines, len(lines) // 5)
    rng.shuffle(lines)
    return lines


@pytest.mark.system
@pytest.mark.parametrize("n", [0, 1, 19, 20, 40, 1003])
def test_sparse_lines_in_any_order_give_the_series_of_cctbx_xfel(tmp_path: Path, n: int) -> None:
    frames = random_frames(n, 7 + n, [Outcome.PROCESSED])
    answer = run(tmp_path, outsiders(frames, n), "--json")
    assert answer.exit_code == 0, answer.output
    series = json.loads(answer.stdout)["series"]
    assert series["frame"] == [frame.frame for frame in frames]
    ours = np.column_stack([np.array(series[name], np.float64) for name in SERIES])
    assert ours.tobytes() == cctbx_series(frames, "contiguous").tobytes()


def test_a_sparse_line_counts_like_a_full_one(tmp_path: Path) -> None:
    frames = random_frames(50, 3, [Outcome.PROCESSED])
    full = json.loads(run(tmp_path, [line(frame) for frame in frames], "--json").stdout)
    some = json.loads(run(tmp_path, outsiders(frames, 1), "--json").stdout)
    assert (some["summary"], some["live"]) == (full["summary"], full["live"])


def test_nulls_are_like_missing_fields() -> None:
    bare = {"frame": 3, "ts_us": START_US, "outcome": "processed"}
    nulls = dict.fromkeys(
        ("job", "run", "lane", "n_strong", "lattices", "reason", "timings_ms", "attempt", "file")
    )
    assert message_of(json.dumps(bare | nulls)) == message_of(json.dumps(bare))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7", "one JSON object is wanted on each line"),
        ('{"frame": 1, "outcome": "processed"}', "without ts_us"),
        ('{"frame": 1, "ts_us": 1, "outcome": "indexed"}', "'indexed' is none of processed"),
        ('{"frame": 1.5, "ts_us": 1, "outcome": "processed"}', "$.frame"),
        ('{"frame": -1, "ts_us": 1, "outcome": "processed"}', "frame must be within 0"),
        ('{"frame": 1, "ts_us": 1, "outcome": "processed", "n_strong": "many"}', "$.n_strong"),
        ('{"frame": 1, "ts_us": 1, "outcome": []}', "outcome [] is none of"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    good = json.dumps({"frame": 0, "ts_us": START_US, "outcome": "processed"})
    answer = run(tmp_path, [good, text], "--json")
    assert answer.exit_code == 1
    assert "results.jsonl, line 2: " in answer.stderr
    assert told in answer.stderr
    assert json.loads(answer.stdout)["summary"]["n_processed"] == 1


def test_of_many_bad_lines_the_first_are_named_and_all_are_counted(tmp_path: Path) -> None:
    answer = run(tmp_path, ["nothing"] * 1000)
    assert len(answer.stderr.splitlines()) < 30
    assert "1000 lines could not be used" in answer.stderr


def test_compressed_lines_and_standard_input_say_the_same(tmp_path: Path) -> None:
    lines = "\ufeff" + "\r\n".join(outsiders(random_frames(30, 4, [Outcome.PROCESSED]), 2))
    packed = tmp_path / "results.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.encode()))
    by_file = CliRunner().invoke(command, [str(packed), "--json"])
    by_pipe = CliRunner().invoke(command, ["-", "--json"], input=lines.encode())
    assert by_file.exit_code == by_pipe.exit_code == 0, by_file.output + by_pipe.output
    assert by_file.stdout == by_pipe.stdout
    packed.write_bytes(packed.read_bytes()[:-40])
    cut_off = CliRunner().invoke(command, [str(packed), "--json"])
    assert cut_off.exit_code == 1
    assert "results.jsonl.gz cannot be read: " in cut_off.stderr


def test_both_lanes_of_a_job_give_their_agreement(tmp_path: Path) -> None:
    frames = random_frames(40, 5, [Outcome.PROCESSED])
    lines = [line(frame, lane="fast") for frame in frames] + [line(frame) for frame in frames[::4]]
    answer = run(tmp_path, lines, "--lane", "fast", "--json")
    found = json.loads(answer.stdout)["agreement"]
    assert found["agreement"] == pytest.approx(
        {"numerator": 10, "denominator": 10, "value": 1.0, "low": 0.7225, "high": 1.0}, abs=1e-4
    )
    assert found["cell_percent"]["median"] == 0.0
    assert "lanes agree on 10 of 10 frames" in run(tmp_path, lines, "--lane", "fast").stdout
    alone = json.loads(run(tmp_path, lines, "--lane", "dials", "--json").stdout)
    assert alone["agreement"] is None
