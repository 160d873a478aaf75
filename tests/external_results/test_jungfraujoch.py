"""Jungfraujoch's lines: every field where it belongs; bad lines are named as such."""

from pathlib import Path

import pytest

from libs.external_results import ExternalError, ExternalFrame, read_images

LINES = (Path(__file__).parents[1] / "data/external/jungfraujoch.jsonl").read_bytes().splitlines()


def frame(line: int) -> ExternalFrame:
    (only,) = read_images(LINES[line])
    return only


def test_a_blank_was_tried_and_not_indexed() -> None:
    blank = frame(0)
    assert (blank.number, blank.n_strong, blank.tried, blank.lattices) == (0, 4, True, ())
    assert blank.selected


def test_an_indexed_image_has_its_cell_and_resolution() -> None:
    indexed = frame(1)
    (lattice,) = indexed.lattices
    assert lattice.unit_cell == (79.1, 79.1, 37.9, 90.0, 90.0, 90.0)
    assert (lattice.n_indexed, lattice.d_min_contiguous, lattice.d_min_cctbx) == (97, 1.93, 1.93)
    assert lattice.a_matrix[0] != lattice.a_matrix[0]  # the orientation was not told


def test_lattices_are_counted() -> None:
    assert len(frame(2).lattices) == 2


def test_an_image_that_was_not_to_be_indexed_is_screened() -> None:
    assert frame(3).selected
    assert not frame(4).selected


def test_a_whole_scan_result_names_its_run() -> None:
    payload = b'{"file_prefix": "r0013", "images": [' + b",".join(LINES) + b"]}"
    frames = read_images(payload)
    assert [f.number for f in frames] == [0, 1, 2, 3, 4]
    assert {f.run for f in frames} == {"r0013"}


def test_what_a_sender_adds_is_taken() -> None:
    line = LINES[0][:-1] + b', "run": 13, "ts_us": 1763870400000000, "file": "/d/a.h5"}'
    (one,) = read_images(line)
    assert (one.run, one.ts_us, one.file) == ("13", 1763870400000000, "/d/a.h5")


CELL = b'"uc": {"a": 79.0, "b": 79.0, "c": 38.0, "alpha": 90, "beta": 90, "gamma": 90}'
HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"number": "one"}',
    b'{"number": -1}',
    b'{"number": 1e300}',
    b'{"number": 99999999999999999999999}',
    b'{"number": 1, "spots": -4}',
    b'{"number": 1, "spots": 99999999999}',
    b'{"number": 1, "index": 1}',
    b'{"number": 1, "index": 1, "uc": {"a": 79.0}}',
    b'{"number": 1, "index": 1, ' + CELL.replace(b"79.0", b"-1") + b"}",
    b'{"number": 1, "index": 1, "spots_indexed": -1, ' + CELL + b"}",
    b'{"number": 1, "index": 1, "spots_indexed": 123456789012345678901, ' + CELL + b"}",
    b'{"number": 1, "ts_us": -1}',
    b'{"number": 1, "wavelength_angstrom": 0}',
    b'{"number": 1, "file": "' + b"x" * 5000 + b'"}',
    b'{"number": 1, "file": "\xff\xfe"}',
    b'{"number": 1',
    b'{"images": 3}',
    b'{"images": [{"number": 1}, {}]}',
    b"[" * 5000,
    b"\x00" * 100,
]


@pytest.mark.parametrize("line", HOSTILE)
def test_a_bad_line_is_an_error_and_nothing_worse(line: bytes) -> None:
    with pytest.raises(ExternalError):
        read_images(line)
